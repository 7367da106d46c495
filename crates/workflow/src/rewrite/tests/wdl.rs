//! WDL: literals of every kind, names from inputs and callers, inputs files.

use super::{assert_left_alone, assert_rewritten, outcomes, rewritten, texts_after};
use crate::rewrite::Reason;

#[test]
fn nothing_but_the_name_changes() {
    let text = "\u{feff}version 1.0\r\n# docker: \"quay.io/a/b:1\"\r\ntask a {\r\n\tcommand <<< docker pull quay.io/a/b:1 >>>\r\n\
                \truntime { docker : 'quay.io/a/b:1' # quay.io/a/b:1\r\n\t}\r\n}\r\n";
    assert_rewritten("a.wdl", text, &[("'quay.io/a/b:1'", "'ECR/quay/a/b:1'")]);
}

#[test]
fn every_kind_of_string_is_taken() {
    let text = r#"version 1.2
task a { command <<<>>> requirements { container: ["quay.io/a/b:1", 'ubuntu:22.04'] } }
task b { command <<<>>> requirements { container: <<<
    quay.io/a/c:1 >>> } }
task c { command <<<>>> requirements { container: "quay.io\u002fa/d:1" } }
task d { command <<<>>> requirements { container: "~{if true then 'quay.io/a/e:1' else "quay.io/a/f:1"}" } }
"#;
    let pairs = [
        ("\"quay.io/a/b:1\"", "\"ECR/quay/a/b:1\""),
        ("'ubuntu:22.04'", "'ECR/docker-hub/library/ubuntu:22.04'"),
        ("quay.io/a/c:1", "ECR/quay/a/c:1"),
        (r"quay.io\u002fa/d:1", "ECR/quay/a/d:1"),
        ("quay.io/a/e:1", "ECR/quay/a/e:1"),
        ("quay.io/a/f:1", "ECR/quay/a/f:1"),
    ];
    assert_rewritten("a.wdl", text, &pairs);
}

#[test]
fn the_text_is_changed_where_it_stands() {
    let tasks = "version 1.0\ntask t {\n  input { String docker = \"quay.io/a/b:1\" String? other }\n  command <<<>>>\n  \
                 runtime { docker: select_first([other, docker]) }\n}\n";
    let flow = "version 1.0\nimport \"tasks.wdl\" as lib\nstruct S { String image }\nworkflow w {\n  \
                S s = object { image: \"quay.io/a/c:1\" }\n  call lib.t { input: other = s.image }\n}\n";
    let inputs = "{\"w.t.docker\": \"quay.io\\/a\\/d:1\",\n \"w.x\": \"quay.io/a/b:1\"}";
    let files = [("flow.wdl", flow), ("in.json", inputs), ("tasks.wdl", tasks)];
    let rewriting = rewritten(&files, None);
    let after = texts_after(&files, &rewriting);
    let ecr = super::REGISTRY;
    assert_eq!(after["tasks.wdl"], tasks.replace("quay.io/", &format!("{ecr}/quay/")));
    assert_eq!(after["flow.wdl"], flow.replace("quay.io/", &format!("{ecr}/quay/")));
    let expected = inputs.replace(r"quay.io\/a\/d:1", &format!("{ecr}/quay/a/d:1"));
    assert_eq!(after["in.json"], expected, "only the value of the container changes");
}

#[test]
fn the_beginning_of_a_name_from_several_texts_changes() {
    let text = "version 1.0\ntask a {\n  input { String registry = \"quay.io\" String tag = \"1\" }\n  command <<<>>>\n  \
                runtime { docker: \"~{registry}/a/b:\" + tag }\n}\n\
                task b { input { String v = \"2\" String? s } command <<<>>> runtime { docker: \"quay.io/a/c:~{v}~{s}\" } }\n\
                task c { input { String v = \"2\" } command <<<>>> runtime { docker: \"ubuntu:~{v}\" } }\n";
    let pairs = [
        ("registry = \"quay.io\"", "registry = \"ECR/quay\""),
        ("\"quay.io/a/c:~{v}~{s}\"", "\"ECR/quay/a/c:~{v}~{s}\""),
        ("\"ubuntu:~{v}\"", "\"ECR/docker-hub/library/ubuntu:~{v}\""),
    ];
    assert_rewritten("a.wdl", text, &pairs);
}

#[test]
fn a_text_that_other_names_need_stays() {
    let text = "version 1.0\ntask a {\n  input { String host = \"ghcr.io\" }\n  command <<<>>>\n  runtime { docker: \"~{host}/a/b:1\" }\n}\n\
                task b { input { String r = \"quay.io\" String tag } command <<<>>> runtime { docker: \"~{r}/a/c:~{tag}\" } }\n\
                workflow w { String r = \"quay.io\" call b { input: r = r, tag = \"1\" } call b as c { input: r = r } }\n";
    let found = outcomes(&rewritten(&[("a.wdl", text)], None));
    let expected = [("ghcr.io/a/b:1", Some(Reason::NotInMap)), ("quay.io/a/c:1", None)];
    let expected: Vec<_> = expected.map(|(name, reason)| (name.to_owned(), reason)).into();
    assert_eq!(found, expected);

    let mixed = "version 1.0\ntask a {\n  input { String name String host = \"quay.io/x\" }\n  command <<<>>>\n  \
                 runtime { docker: sub(\"~{host}/~{name}\", \"quay.io/x/skip\", \"ghcr.io/x/skip\") }\n}\n\
                 workflow w { call a { input: name = \"b:1\" } call a as c { input: name = \"skip:1\" } }\n";
    let found = outcomes(&rewritten(&[("a.wdl", mixed)], None));
    assert!(found.iter().all(|(_, reason)| reason.is_some()), "{found:?}");
}

#[test]
fn what_cannot_be_changed_is_told() {
    let text = "version 1.0\ntask a { input { String x } command <<<>>> runtime { docker: x } }\n\
                task b { command <<<>>> runtime { docker: basename(\"y/quay.io\") + \"/a/b:1\" } }\n\
                task c { command <<<>>> runtime { docker: \"ghcr.io/a/b:1\" } }\n";
    assert_left_alone(
        &[("a.wdl", text)],
        &[
            ("x", Reason::Unresolved),
            ("quay.io/a/b:1", Reason::PutTogether),
            ("ghcr.io/a/b:1", Reason::NotInMap),
        ],
    );
}

#[test]
fn choices_of_an_enumeration_without_values_are_names_and_stay() {
    let text =
        "version 1.3\nenum E { ubuntu }\ntask a { command <<<>>> requirements { container: E.ubuntu } }\n";
    assert_left_alone(&[("a.wdl", text)], &[("ubuntu", Reason::PutTogether)]);
}

#[test]
fn the_first_version_is_taken_too() {
    let text = "task a {\n  String v = \"1\"\n  command { echo ${v} }\n  runtime { docker: \"quay.io/a/b:${v}\" }\n}\n";
    assert_rewritten("a.wdl", text, &[("\"quay.io/a/b:", "\"ECR/quay/a/b:")]);
}
