use super::{names_of, names_of_task, only, scan, task, unresolved};

#[test]
fn a_literal_counts_in_every_kind_of_quotes() {
    assert_eq!(names_of_task("", "\"quay.io/lab/bwa:1\""), ["quay.io/lab/bwa:1"]);
    assert_eq!(names_of_task("", "'quay.io/lab/bwa:1'"), ["quay.io/lab/bwa:1"]);
    assert_eq!(names_of(&task("1.2", "", "<<<\n  quay.io/lab/bwa:1\n  >>>")), ["quay.io/lab/bwa:1"]);
    assert_eq!(names_of(&task("1.2", "", "<<< quay.io/lab/\\\n    bwa:1 >>>")), ["quay.io/lab/bwa:1"]);
}

#[test]
fn escapes_are_read() {
    assert_eq!(names_of_task("", r#""quay.io\/lab\x2fbwa\u003a\061""#), ["quay.io/lab/bwa:1"]);
}

#[test]
fn placeholders_take_in_declarations() {
    let declarations = "input { String tag = \"1.2\" }\n String host = \"quay.io\"";
    assert_eq!(names_of_task(declarations, "\"~{host}/lab/bwa:${tag}\""), ["quay.io/lab/bwa:1.2"]);
    assert_eq!(names_of(&task("1.2", declarations, "<<<~{host}/lab/bwa:~{tag}>>>")), ["quay.io/lab/bwa:1.2"]);
}

#[test]
fn placeholders_nest() {
    let declarations = "input { String tag = \"1\" Boolean beta = false }";
    let docker = "\"lab/bwa:~{if beta then \"beta\" else \"v~{tag}\"}\"";
    assert_eq!(names_of_task(declarations, docker), ["lab/bwa:beta", "lab/bwa:v1"]);
}

#[test]
fn placeholder_options_give_values() {
    let declarations = "input { String? tag Boolean gpu = false }";
    assert_eq!(names_of_task(declarations, "\"lab/bwa:~{default=\"9\" tag}\""), ["lab/bwa:9"]);
    let docker = "\"lab/bwa:~{true='gpu' false=\"cpu\" gpu}\"";
    assert_eq!(names_of_task(declarations, docker), ["lab/bwa:cpu", "lab/bwa:gpu"]);
    assert_eq!(names_of_task("", "\"lab/bwa:~{sep='-' [\"a\", \"b\"]}\""), ["lab/bwa:a-b"]);
}

#[test]
fn a_placeholder_without_a_value_is_left_out() {
    let declarations = "input { String? prefix }";
    assert_eq!(names_of_task(declarations, "\"~{prefix}lab/bwa:1\""), ["lab/bwa:1"]);
    let text = task("1.1", declarations, "\"~{prefix}/lab/bwa:1\"");
    assert_eq!(unresolved(only(&scan(&[("main.wdl", &text)]))), ("{prefix}/lab/bwa:1", vec!["prefix"]));
}

#[test]
fn sums_are_joined() {
    let declarations = "input { String host = \"quay.io/\" Int major = 3 }";
    assert_eq!(names_of_task(declarations, "host + 'lab' + \"/bwa:\" + major"), ["quay.io/lab/bwa:3"]);
    assert_eq!(names_of_task("", "\"lab/bwa:\" + (1)"), ["lab/bwa:1"]);
}

#[test]
fn both_branches_of_a_condition_count() {
    let declarations = "input { Boolean a = true Boolean b = true }";
    let docker = "if a && !b then \"lab/x:1\" else if b then \"lab/y:1\" else \"lab/z:1\"";
    assert_eq!(names_of_task(declarations, docker), ["lab/x:1", "lab/y:1", "lab/z:1"]);
}

#[test]
fn every_combination_counts_within_the_bound() {
    let declarations = "input { Boolean a = true }
        String host = if a then 'quay.io' else 'ghcr.io'
        String tag = if a then '1' else '2'";
    let all = ["ghcr.io/lab/x:1", "ghcr.io/lab/x:2", "quay.io/lab/x:1", "quay.io/lab/x:2"];
    assert_eq!(names_of_task(declarations, "\"~{host}/lab/x:~{tag}\""), all);

    let many = "if a then 'x' else if a then 'y' else 'z'";
    let docker = format!("\"lab/{}\"", format!("~{{{many}}}").repeat(20));
    let names = names_of_task("input { Boolean a = true }", &docker);
    assert!((1..=64).contains(&names.len()), "{}", names.len());
}

#[test]
fn select_first_goes_up_to_the_first_that_is_sure() {
    let declarations = "input { String? docker String sure = 'lab/sure:1' }";
    assert_eq!(names_of_task(declarations, "select_first([docker, \"lab/x:1\"])"), ["lab/x:1"]);
    assert_eq!(names_of_task(declarations, "select_first([docker, sure, \"lab/x:1\"])"), ["lab/sure:1"]);
    assert_eq!(names_of_task(declarations, "select_first([docker], 'lab/x:1')"), ["lab/x:1"]);
    assert_eq!(names_of_task(declarations, "select_all([docker, 'lab/x:1'])[0]"), ["lab/x:1"]);
    assert_eq!(names_of_task(declarations, "select_first([None, 'lab/x:1'])"), ["lab/x:1"]);
    assert_eq!(
        names_of_task(declarations, "if defined(docker) then select_first([docker]) else 'lab/x:1'"),
        ["lab/x:1"]
    );
}

#[test]
fn functions_of_text_are_applied() {
    let declarations = "input { String image = 'quay.io/lab/bwa:1' }";
    assert_eq!(names_of_task(declarations, "sub(image, ':.*$', ':2')"), ["quay.io/lab/bwa:2"]);
    assert_eq!(names_of_task(declarations, "sub(image, '/(\\\\w+):', '/x-$1:')"), ["quay.io/lab/x-bwa:1"]);
    assert_eq!(names_of_task(declarations, "\"lab/\" + basename(image)"), ["lab/bwa:1"]);
    assert_eq!(names_of_task(declarations, "\"lab/\" + basename(image, ':1')"), ["lab/bwa"]);
    assert_eq!(names_of_task(declarations, "sep('/', ['quay.io', 'lab', 'x'])"), ["quay.io/lab/x"]);
    assert_eq!(names_of_task(declarations, "prefix('lab/', ['x', 'y'])[1]"), ["lab/x", "lab/y"]);
    assert_eq!(names_of_task(declarations, "suffix(':1', ['lab/x'])[0]"), ["lab/x:1"]);
}

#[test]
fn a_pattern_that_is_none_makes_the_name_unknown() {
    let text = task("1.1", "", "sub('lab/x', '(', 'y')");
    assert!(only(&scan(&[("main.wdl", &text)])).is_unresolved());
}

#[test]
fn lookups_find_the_entry() {
    let declarations = "Map[String, String] images = {'bwa': 'lab/bwa:1', 'star': 'lab/star:1'}
        Array[String] list = ['lab/one:1', 'lab/two:1']
        Pair[String, String] pair = ('lab/left:1', 'lab/right:1')
        String tool = 'star'
        input { String given }";
    assert_eq!(names_of_task(declarations, "images['bwa']"), ["lab/bwa:1"]);
    assert_eq!(names_of_task(declarations, "images[tool]"), ["lab/star:1"]);
    assert_eq!(names_of_task(declarations, "images[given]"), ["lab/bwa:1", "lab/star:1"]);
    assert_eq!(names_of_task(declarations, "list[1]"), ["lab/two:1"]);
    assert_eq!(names_of_task(declarations, "pair.right"), ["lab/right:1"]);
    assert_eq!(names_of_task(declarations, "flatten([list, ['lab/x:1']])[0]").len(), 3);
}

#[test]
fn members_of_structs_and_objects_are_followed() {
    let declarations = "Runtime a = Runtime { docker: 'lab/a:1', cpu: 2 }
        Object b = object { docker: 'lab/b:1' }
        Runtime c = { 'docker': 'lab/c:1', 'cpu': 2 }
        Runtime d = Runtime { \"docker\": 'lab/d:1' }
        Outer e = Outer { inner: a }";
    for (docker, name) in [
        ("a.docker", "lab/a:1"),
        ("b.docker", "lab/b:1"),
        ("c.docker", "lab/c:1"),
        ("d.docker", "lab/d:1"),
        ("e.inner.docker", "lab/a:1"),
        ("b['docker']", "lab/b:1"),
    ] {
        assert_eq!(names_of_task(declarations, docker), [name]);
    }
}

#[test]
fn an_override_that_lacks_the_member_leaves_the_default() {
    let declarations = "input { RuntimeAttr? override }
        RuntimeAttr base = object { cpu: 1, docker: 'lab/x:1' }
        RuntimeAttr chosen = select_first([override, base])";
    assert_eq!(names_of_task(declarations, "select_first([chosen.docker, base.docker])"), ["lab/x:1"]);
    assert_eq!(names_of_task(declarations, "select_first([override.docker, 'lab/y:1'])"), ["lab/y:1"]);
}

#[test]
fn choices_of_enums_are_values() {
    let text = "version 1.3
enum Image[String] { Bwa = \"lab/bwa:1\", Star = \"lab/star:1\" }
task t {
  command <<< >>>
  requirements { container: value(Image.Star) }
}
";
    assert_eq!(names_of(text), ["lab/star:1"]);
}

#[test]
fn declarations_in_a_circle_end() {
    let text = task("1.1", "String a = b\n String b = \"~{a}~{a}\"", "a");
    assert!(only(&scan(&[("main.wdl", &text)])).is_unresolved());
}

#[test]
fn what_only_a_run_can_tell_is_named() {
    let text = task("1.1", "input { File list }", "\"lab/x:~{read_string(list)}\"");
    assert_eq!(
        unresolved(only(&scan(&[("main.wdl", &text)]))),
        ("lab/x:{read_string(list)}", vec!["read_string(list)"])
    );
    let text = task("1.1", "input { String tag }", "\"lab/x:~{tag}\"");
    assert_eq!(unresolved(only(&scan(&[("main.wdl", &text)]))), ("lab/x:{tag}", vec!["tag"]));
}

#[test]
fn an_unknown_argument_keeps_the_function_in_the_template() {
    let text = task("1.1", "input { String image }", "sub(image, ':.*', '')");
    let scan = scan(&[("main.wdl", &text)]);
    assert_eq!(unresolved(only(&scan)), ("{sub(image, \":.*\", )}", vec!["image"]));
}
