use super::{chain, names, only, scan};
use crate::wdl::inputs::{Json, entries};

const MAIN: &str = "version 1.0
workflow chip {
  input { String docker Runtime? attributes }
  call align { input: docker = docker }
  call sub.deep
}
task align { input { String docker } command <<< >>> runtime { docker: docker } }
";

#[test]
fn an_inputs_file_sets_the_input_of_a_workflow() {
    let json = "{\n  \"##\": \"comment\",\n  \"chip.n\": [1, {\"x\": null}],\n  \"chip.docker\": \"lab/json:1\"\n}\n";
    let scan = scan(&[("main.wdl", MAIN), ("test/deep/a.json", json)]);
    let found = only(&scan);
    assert_eq!(found.reference.as_deref(), Some("lab/json:1"));
    assert_eq!((found.file.as_str(), found.line, found.column), ("test/deep/a.json", 4, 19));
    assert_eq!(found.text, "lab/json:1");
    let literal = &found.literals[0];
    assert_eq!(&json[literal.start..literal.end], "lab/json:1");
    assert_eq!(
        chain(found),
        ["call `align` in workflow `chip` passes `docker`", "inputs file sets `chip.docker`"]
    );
}

#[test]
fn an_inputs_file_reaches_tasks_and_nested_calls() {
    let flow = "version 1.0
import \"sub.wdl\" as sub
workflow outer { call sub.inner as deep }
";
    let sub = "version 1.0
workflow inner { call align as first }
task align { input { String docker = \"lab/default:1\" } command <<< >>> runtime { docker: docker } }
";
    let json = "{\"align.docker\": \"lab/task:1\", \"inner.first.docker\": \"lab/call:1\",
        \"outer.deep.first.docker\": \"lab/nested:1\", \"other.docker\": \"lab/other:1\"}";
    let scan = scan(&[("flow.wdl", flow), ("sub.wdl", sub), ("inputs.json", json)]);
    assert_eq!(names(&scan), ["lab/call:1", "lab/default:1", "lab/nested:1", "lab/task:1"]);
}

#[test]
fn an_inputs_file_may_replace_the_attribute_itself() {
    let json = "{\"chip.align.runtime.docker\": \"lab/a:1\", \"align.requirements.container\": \"lab/b:1\"}";
    let scan = scan(&[("main.wdl", MAIN), ("inputs.json", json)]);
    assert_eq!(names(&scan), ["lab/a:1", "lab/b:1"]);
}

#[test]
fn members_and_elements_of_inputs_are_found() {
    let text = "version 1.0
workflow w { input { Runtime attributes Array[String] images } call t { input: a = attributes, i = images } }
task t {
  input { Runtime a Array[String] i }
  command <<< >>>
  runtime { docker: a.docker container: i[1] }
}
";
    let json = "{\"w.attributes\": {\"docker\": \"lab/m:1\"}, \"w.images\": [\"lab/0:1\", \"lab/1:1\"]}";
    assert_eq!(names(&scan(&[("main.wdl", text), ("i.json", json)])), ["lab/1:1", "lab/m:1"]);
}

#[test]
fn values_of_one_file_stay_together() {
    let text = "version 1.0
workflow w { input { String host String tag = \"0\" } call t { input: d = host + \"/lab/x:\" + tag } }
task t { input { String d } command <<< >>> runtime { docker: d } }
";
    let a = "{\"w.host\": \"quay.io\", \"w.tag\": \"1\"}";
    let b = "{\"w.host\": \"ghcr.io\"}";
    let scan = scan(&[("main.wdl", text), ("a.json", a), ("b.json", b)]);
    assert_eq!(names(&scan), ["ghcr.io/lab/x:0", "quay.io/lab/x:1"]);
}

#[test]
fn damaged_json_gives_what_stands_before_the_damage() {
    let json = "{\"chip.docker\": \"lab/json:1\", \"chip.other\": @@ ";
    assert_eq!(names(&scan(&[("main.wdl", MAIN), ("a.json", json)])), ["lab/json:1"]);
    for json in
        ["", "[", "{", "{\"", "{\"chip.docker\"", "{\"chip.docker\":", "{\"chip.docker\": \"x", "null", "{]"]
    {
        assert_eq!(scan(&[("main.wdl", MAIN), ("a.json", json)]).references.len(), 1);
    }
}

#[test]
fn strings_of_json_keep_their_place() {
    let text = "{ \"w.a\" : \"x\\u002fy\\n\\\"\", \"w.b\": {\"k\": [\"z\"]}, \"v.c\": \"no\" }";
    let found = entries(text, |key| key.starts_with("w."));
    assert_eq!(found.len(), 2);
    let Json::Text(span, value) = &found[0].value else { panic!("{:?}", found[0]) };
    assert_eq!((span.of(text), value.as_ref()), ("x\\u002fy\\n\\\"", "x/y\n\""));
    let Json::Object(members) = &found[1].value else { panic!("{:?}", found[1]) };
    assert_eq!(members[0].0, "k");
}

#[test]
fn deep_json_is_passed_over() {
    let deep = format!("{{\"chip.docker\": {}1{}, \"chip.x\": 1}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(scan(&[("main.wdl", MAIN), ("a.json", &deep)]).references.len(), 1);
}
