use super::{chain, names, only, scan, unresolved};

const TASK: &str = "version 1.0
task align {
  input { String docker }
  command <<< >>>
  runtime { docker: docker }
}
";

#[test]
fn a_required_input_is_resolved_by_its_caller() {
    let main = "version 1.0
import \"tasks/align.wdl\" as tasks
workflow chip {
  input { String image = \"lab/chip:1\" }
  call tasks.align { input: docker = image }
}
";
    let scan = scan(&[("tasks/align.wdl", TASK), ("main.wdl", main)]);
    let found = only(&scan);
    assert_eq!(found.reference.as_deref(), Some("lab/chip:1"));
    assert_eq!((found.file.as_str(), found.line), ("main.wdl", 4));
    assert_eq!((found.sites[0].file.as_str(), found.sites[0].line), ("tasks/align.wdl", 5));
    assert_eq!(found.sites[0].name.as_deref(), Some("align"));
    let steps = ["call `align` in workflow `chip` passes `docker`", "input `image` of workflow `chip`"];
    assert_eq!(chain(found), steps);
}

#[test]
fn a_default_counts_beside_what_callers_pass() {
    let text = "version 1.0
workflow w { call t { input: docker = \"lab/passed:1\" } call t as again }
task t {
  input { String docker = \"lab/default:1\" }
  command <<< >>>
  runtime { docker: docker }
}
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/default:1", "lab/passed:1"]);
}

#[test]
fn values_of_one_call_stay_together() {
    let text = "version 1.0
workflow w {
  call t as a { input: host = \"quay.io\", name = \"lab/a\" }
  call t as b { input: host = \"ghcr.io\", name = \"lab/b\" }
}
task t {
  input { String host String name }
  command <<< >>>
  runtime { docker: \"~{host}/~{name}:1\" }
}
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["ghcr.io/lab/b:1", "quay.io/lab/a:1"]);
}

#[test]
fn chains_of_workflows_are_followed() {
    let outer = "version 1.0
import \"../shared/inner.wdl\" as inner
workflow outer { call inner.middle as m { input: image = \"lab/outer:1\" } }
";
    let inner = "version 1.0
import \"align.wdl\"
workflow middle {
  input { String? image }
  call align.align { input: docker = select_first([image, \"lab/middle:1\"]) }
}
";
    let files = [("flows/outer.wdl", outer), ("shared/inner.wdl", inner), ("shared/align.wdl", TASK)];
    assert_eq!(names(&scan(&files)), ["lab/middle:1", "lab/outer:1"]);
}

#[test]
fn an_optional_value_that_nobody_gives_falls_back_to_the_default() {
    let text = "version 1.0
workflow w { input { String? docker } call t { input: docker = docker } }
task t {
  input { String? docker = \"lab/t:1\" }
  command <<< >>>
  runtime { docker: docker }
}
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/t:1"]);
}

#[test]
fn a_name_alone_passes_the_declaration_of_that_name() {
    let text = "version 1.1
workflow w { input { String docker = \"lab/short:1\" } call align { docker } }
task align { input { String docker } command <<< >>> runtime { container: docker } }
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/short:1"]);
}

#[test]
fn a_prefix_chosen_by_cloud_joins_each_name() {
    let text = "version 1.0
workflow w {
  input { String cloud_provider }
  String gcr = \"us.gcr.io/lab/\"
  String acr = \"lab.azurecr.io/\"
  String prefix = if cloud_provider == \"gcp\" then gcr else acr
  String name = \"star:2\"
  call align { input: docker = prefix + name }
}
task align { input { String docker } command <<< >>> runtime { docker: docker } }
";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(names(&scan), ["lab.azurecr.io/star:2", "us.gcr.io/lab/star:2"]);
    for found in &scan.references {
        let parts: Vec<&str> =
            found.literals.iter().map(|literal| &text[literal.start..literal.end]).collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(format!("{}{}", parts[1], parts[0]), found.reference.clone().unwrap());
    }
}

#[test]
fn structs_are_followed_through_calls_and_outputs() {
    let backend = "version 1.0
struct Runtime { String registry Int cpu }
workflow backend {
  input { String? registry }
  String chosen = select_first([registry, \"quay.io/lab\"])
  Runtime spot = { \"registry\": chosen, \"cpu\": 1 }
  Runtime plain = { \"registry\": chosen, \"cpu\": 2 }
  output { Runtime attributes = if true then spot else plain }
}
";
    let main = "version 1.0
import \"backend.wdl\" as Backend
workflow w {
  call Backend.backend { input: registry = registry }
  input { String? registry }
  Runtime attributes = backend.attributes
  scatter (sample in [1, 2]) {
    if (sample > 1) { call t { input: runtime_attributes = attributes } }
  }
}
task t {
  input { Runtime runtime_attributes }
  command <<< >>>
  runtime { docker: \"~{runtime_attributes.registry}/pbmm2:1\" }
}
";
    let scan = scan(&[("backend.wdl", backend), ("main.wdl", main)]);
    let found = only(&scan);
    assert_eq!(found.reference.as_deref(), Some("quay.io/lab/pbmm2:1"));
    assert_eq!((found.file.as_str(), found.line), ("main.wdl", 14));
    let files: Vec<&str> = found.literals.iter().map(|literal| literal.file.as_str()).collect();
    assert_eq!(files, ["main.wdl", "backend.wdl"]);
}

#[test]
fn objects_passed_by_a_call_give_their_members() {
    let text = "version 1.1
workflow w {
  input { String docker = \"lab/env:1\" }
  RuntimeEnvironment environment = { \"docker\": docker, \"singularity\": \"\" }
  call t as a { input: environment = environment }
  call t as b { input: environment = RuntimeEnvironment { docker: \"lab/literal:1\" } }
  call t as c { input: environment = object { docker: \"lab/object:1\" } }
}
task t {
  input { RuntimeEnvironment environment }
  command <<< >>>
  runtime { docker: environment.docker singularity: environment.singularity }
}
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/env:1", "lab/literal:1", "lab/object:1"]);
}

#[test]
fn scatter_variables_stand_for_each_element() {
    let text = "version 1.0
workflow w {
  Array[String] images = [\"lab/a:1\", \"lab/b:1\"]
  scatter (image in images) { call align { input: docker = image } }
  scatter (pair in [(\"x\", \"lab/c:1\")]) { call align as other { input: docker = pair.right } }
}
task align { input { String docker } command <<< >>> runtime { docker: docker } }
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/a:1", "lab/b:1", "lab/c:1"]);
}

#[test]
fn every_block_of_a_condition_is_looked_into() {
    let text = "version 1.3
workflow w {
  if (true) { call t as a { docker = \"lab/a:1\" } }
  else if (false) { call t as b { docker = \"lab/b:1\" } }
  else { scatter (x in [1]) { call t as c { docker = \"lab/c:1\" } } }
}
task t { input { String docker } command <<< >>> requirements { container: docker } }
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/a:1", "lab/b:1", "lab/c:1"]);
}

#[test]
fn outputs_that_only_a_run_can_tell_are_named() {
    let text = "version 1.0
workflow w { call pick call align { input: docker = pick.image } }
task pick {
  command <<< >>>
  output { String image = read_string(\"image.txt\") }
  runtime { docker: \"lab/pick:1\" }
}
task align { input { String docker } command <<< >>> runtime { docker: docker } }
";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(names(&scan), ["lab/pick:1"]);
    let open: Vec<_> = scan.references.iter().filter(|found| found.is_unresolved()).collect();
    assert_eq!(open.len(), 1);
    assert_eq!(unresolved(open[0]).1, ["docker", "read_string(\"image.txt\")"]);
}

#[test]
fn outputs_of_one_task_may_feed_it_again() {
    let text = "version 1.0
workflow w {
  call pass as one { input: name = \"lab/x:1\" }
  call pass as two { input: name = one.same }
  call align { input: docker = two.same }
}
task pass {
  input { String name }
  command <<< >>>
  output { String same = name }
  runtime { docker: \"lab/pass:1\" }
}
task align { input { String docker } command <<< >>> runtime { docker: docker } }
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/pass:1", "lab/x:1"]);
}

#[test]
fn an_unresolved_attribute_comes_once_and_tells_most() {
    let text = "version 1.0
workflow w {
  input { String ecr_registry }
  call align { input: docker = ecr_registry + \"/ecr-public/ubuntu:20.04\" }
  call align as again { input: docker = ecr_registry + \"/x\" }
}
task align {
  input { String docker }
  command <<< >>>
  runtime {
    cpu: 1
    docker: docker
  }
}
";
    let scan = scan(&[("main.wdl", text)]);
    let found = only(&scan);
    assert_eq!((found.line, found.column, found.text.as_str()), (12, 5, "docker"));
    assert_eq!(unresolved(found), ("{ecr_registry}/ecr-public/ubuntu:20.04", vec!["docker", "ecr_registry"]));
}

#[test]
fn empty_dummies_are_no_images() {
    let text = "version 1.0
workflow w { call t { input: docker = \"\" } }
task t { input { String docker } command <<< >>> runtime { docker: docker } }
task u { command <<< >>> runtime { docker: \"\" } }
";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(scan.references.len(), 2);
    assert!(scan.references.iter().all(|found| found.is_unresolved()));
    assert_eq!(unresolved(&scan.references[0]), ("{docker}", vec!["docker"]));
}

#[test]
fn circles_of_imports_and_calls_end() {
    let a = "version 1.0
import \"b.wdl\" as b
workflow a { input { String docker } call b.b { input: docker = docker + \"x\" } call a { input: docker = docker } }
";
    let b = "version 1.0
import \"a.wdl\" as a
import \"b.wdl\" as b
workflow b { input { String docker } call a.a { input: docker = docker + \"y\" } call t { input: docker = docker } }
task t { input { String docker } command <<< >>> runtime { docker: docker } }
";
    let scan = scan(&[("a.wdl", a), ("b.wdl", b)]);
    assert!(only(&scan).is_unresolved());
}

#[test]
fn a_task_and_a_workflow_may_share_a_name() {
    let text = "version 1.0
workflow align { call align { input: docker = \"lab/x:1\" } }
task align { input { String docker } command <<< >>> runtime { docker: docker } }
";
    assert_eq!(names(&scan(&[("main.wdl", text)])), ["lab/x:1"]);
}

#[test]
fn imports_lead_neither_outside_nor_to_other_hosts() {
    let main = "version 1.0
import \"https://example.org/tasks/align.wdl\" as far
import \"../../align.wdl\" as out
workflow w {
  call far.align { input: docker = \"lab/far:1\" }
  call out.align as b { input: docker = \"lab/out:1\" }
}
";
    let scan = scan(&[("align.wdl", TASK), ("flows/main.wdl", main)]);
    assert!(only(&scan).is_unresolved());
}

#[test]
fn imported_members_are_called_by_their_name_here() {
    let main = "version 1.4
import {align as bwa} from \"align.wdl\"
workflow w { call bwa { docker = \"lab/bwa:1\" } }
";
    let star = "version 1.4
import * from \"align.wdl\"
workflow v { call align { docker = \"lab/star:1\" } }
";
    let scan = scan(&[("align.wdl", TASK), ("main.wdl", main), ("star.wdl", star)]);
    assert_eq!(names(&scan), ["lab/bwa:1", "lab/star:1"]);
}
