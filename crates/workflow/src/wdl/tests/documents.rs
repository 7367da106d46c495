use super::{names, names_of, only, scan, task, unresolved};

#[test]
fn every_version_is_read() {
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "development", "draft-3", "2.0"] {
        assert_eq!(names_of(&task(version, "", "\"lab/x:1\"")), ["lab/x:1"], "{version}");
    }
}

#[test]
fn draft_2_has_inputs_anywhere_and_no_version() {
    let text = "import \"tasks.wdl\" as lib
# a comment
workflow w {
  String image = \"lab/w:1\"
  String? unset
  Array[File]+ reads
  call lib.t as one { input: docker = image, memory = 2 }
  call lib.t as two
  output { one.out two.* }
}
";
    let tasks = "task t {
  Int memory
  String docker
  File? maybe
  command {
    echo ${sep=\" \" if true then \"}\" else \"\"} docker: \"no/image:1\" \\}
  }
  runtime {
    docker: \"${docker}\"
    memory: memory + \" GB\"
  }
  output { File out = \"x~{y}\" }
}
task u { String docker = \"lab/u~{1}\" command { } runtime { docker: docker } }
";
    let json = "{\"t.docker\": \"lab/json:1\"}";
    let scan = scan(&[("main.wdl", text), ("tasks.wdl", tasks), ("t.json", json)]);
    assert_eq!(names(&scan), ["lab/json:1", "lab/u~{1}", "lab/w:1"]);
    assert!(scan.warnings.is_empty(), "{:?}", scan.warnings);
}

#[test]
fn only_the_attributes_of_tasks_count() {
    let text = "version 1.2
# runtime { docker: \"no/comment:1\" }
workflow w {
  meta { docker: \"no/meta:1\" caper_docker: \"no/caper:1\" }
  hints { docker: \"no/workflow-hint:1\" }
  String docker = \"no/unused:1\"
  call t
}
task t {
  meta { docker: \"no/meta:2\" list: [\"no/meta:3\"] }
  parameter_meta { docker: { default: \"no/meta:4\" } }
  command <<<
    cat > x.wdl <<EOF
    task fake { runtime { docker: \"no/command:1\" } }
    EOF
  >>>
  hints { docker: \"no/hint:1\" }
  requirements {
    # docker: \"no/comment:2\"
    container: \"lab/x:1\" # \"no/comment:3\"
    singularity: \"no/singularity:1\"
    memory: \"docker: no/string:1\"
  }
}
";
    assert_eq!(names_of(text), ["lab/x:1"]);
}

#[test]
fn several_images_of_one_task_all_count() {
    let text = "version 1.2
task a { command <<< >>> runtime { docker: \"lab/a:1\" docker: \"lab/a:2\" } }
task b { command <<< >>> requirements { container: [\"docker://lab/b:1\", \"lab/b:2\"] } }
task c { command <<< >>> requirements { container: \"*\" } }
";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(names(&scan), ["docker://lab/b:1", "lab/a:1", "lab/a:2", "lab/b:2"]);
    let open: Vec<_> = scan.references.iter().filter(|found| found.is_unresolved()).collect();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].line, unresolved(open[0])), (4, ("*", vec![])));
}

#[test]
fn structs_are_passed_over_with_their_metadata() {
    let text = "version 1.2
struct Runtime {
  meta {
    docker: \"no/meta:1\"
    list: [{ input: 1 }]
  }
  parameter_meta { docker: { help: \"no/meta:2\" } }
  Map[String, Array[Pair[Int, String]]]? docker
}
task t { command <<< >>> runtime { docker: \"lab/x:1\" } }
";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(names(&scan), ["lab/x:1"]);
    assert!(scan.warnings.is_empty(), "{:?}", scan.warnings);
}

#[test]
fn a_broken_line_costs_itself_and_no_more() {
    let text = "version 1.0
import \"not a name-1.wdl\"
import missing/quotes.wdl as quotes
garbage here ( [ }
task a {
  input { String docker = @@@ Int x =  }
  command <<< ~{broken >>>
  runtime { docker: \"lab/a:1\" cpu: 1 + }
}
task b {
  input { Strin g docker }
  String x = \"unterminated
  command { echo ${#array[@]} }
  runtime {
    cpu 1
    docker: \"lab/b:1\"
  }
  output { File x = glob(\"*\" }
}
workflow w {
  call a { input: docker \"x\", y = }
  String after = 1 ++ 2
  if (true { call b }
}
task c {
  command <<< >>>
  runtime {
    docker: \"lab/c:1\"

task d { command <<< >>> runtime { docker: \"lab/d:1\" } }
";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(names(&scan), ["lab/a:1", "lab/b:1", "lab/c:1", "lab/d:1"]);
    assert_eq!(scan.warnings.len(), 1);
    assert_eq!(scan.warnings[0].line, Some(4));
    assert_eq!(
        scan.warnings[0].message,
        "read with gaps: an import, struct, enum, task or workflow is missing here"
    );
}

#[test]
fn an_import_without_quotes_is_followed() {
    let main = "version 1.0
import tasks/align.wdl as lib
workflow w { call lib.t { input: docker = \"lab/x:1\" } }
";
    let lib = "version 1.0
task t { input { String docker } command <<< >>> runtime { docker: docker } }
";
    assert_eq!(names(&scan(&[("main.wdl", main), ("tasks/align.wdl", lib)])), ["lab/x:1"]);
}

#[test]
fn keywords_are_names_where_names_stand() {
    let text = "version 1.0
workflow w {
  input { String object_docker = \"lab/x:1\" String input_image = \"lab/y:1\" }
  call t { input: task = object_docker, meta = input_image }
}
task t {
  input { String task String meta }
  command <<< >>>
  runtime { docker: task container: meta }
}
";
    assert_eq!(names_of(text), ["lab/x:1", "lab/y:1"]);
}

#[test]
fn an_attribute_that_cannot_be_read_is_unresolved() {
    let text = "version 1.0\ntask t { command <<< >>> runtime { docker: } }\n";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(unresolved(only(&scan)).0, "{docker}");
    assert_eq!(scan.warnings.len(), 1);
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_no_harm() {
    let text = format!("\u{feff}{}", task("1.0", "", "\"lab/x:1\"").replace('\n', "\r\n"));
    let scan = scan(&[("main.wdl", &text)]);
    assert_eq!(names(&scan), ["lab/x:1"]);
    assert!(scan.warnings.is_empty(), "{:?}", scan.warnings);
    assert_eq!(scan.files, 1);
}
