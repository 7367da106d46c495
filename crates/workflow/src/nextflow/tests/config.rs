//! Settings of configurations: scopes, selectors and profiles.

use super::{config, scan};
use crate::reference::Engine;

#[test]
fn every_way_to_set_a_container_is_read() {
    for (text, name) in [
        ("process.container = 'a/b:1'\n", None),
        ("process { container = 'a/b:1' }\n", None),
        ("process {\n  container='a/b:1'\n}\n", None),
        ("process\n{\n  container = 'a/b:1'\n}\n", None),
        ("process = [container: 'a/b:1', cpus: 2]\n", None),
        ("process { withName: X { container = 'a/b:1' } }\n", Some("withName:X")),
        ("process { withName:'X|Y' { container = 'a/b:1' } }\n", Some("withName:X|Y")),
        ("process { withName : \"(.+:)?X\" { container = 'a/b:1' } }\n", Some("withName:(.+:)?X")),
        ("process { withLabel: gpu { container = 'a/b:1' } }\n", Some("withLabel:gpu")),
        ("process { withLabel:big {\n withName:X {\n container = 'a/b:1' } } }\n", Some("withName:X")),
        ("process { 'withName:X' { container = 'a/b:1' } }\n", Some("withName:X")),
        ("process.'withName:X'.container = 'a/b:1'\n", Some("withName:X")),
        ("process.\"withLabel:gpu\".container = 'a/b:1'\n", Some("withLabel:gpu")),
        ("process.withName:X.container = 'a/b:1'\n", Some("withName:X")),
        ("process.$X.container = 'a/b:1'\n", Some("$X")),
        ("process { $X { container = 'a/b:1' } }\n", Some("$X")),
        ("process { $X.container = 'a/b:1' }\n", Some("$X")),
        ("process { if (params.x) { container = 'a/b:1' } }\n", None),
        ("try { process.container = 'a/b:1' } catch (Exception e) { }\n", None),
        ("process { container = {\n  'a/b:1'\n } }\n", None),
    ] {
        let scanned = config(text);
        let only = scanned.only();
        assert_eq!(only.reference.as_deref(), Some("a/b:1"), "{text}");
        assert_eq!(only.sites[0].name.as_deref(), name, "{text}");
        assert_eq!(only.profiles, Vec::<String>::new(), "{text}");
        assert_eq!(only.engine, Engine::Any);
    }
}

#[test]
fn profiles_are_named() {
    for text in [
        "profiles { gpu { process.container = 'a/b:1' } }\n",
        "profiles { gpu { process { withName: X { container = 'a/b:1' } } } }\n",
        "profiles { 'gpu' { process { container = 'a/b:1' } } }\n",
        "profiles.gpu.process.container = 'a/b:1'\n",
        "profiles {\n  other { docker.enabled = true }\n  gpu {\n    docker { enabled = true }\n    process.container = 'a/b:1'\n  }\n}\n",
    ] {
        assert_eq!(config(text).only().profiles, ["gpu"], "{text}");
    }
}

#[test]
fn settings_of_other_scopes_are_no_containers() {
    for text in [
        "params.container = 'a/b:1'\n",
        "params { container = 'a/b:1' }\n",
        "docker { container = 'a/b:1' }\n",
        "singularity { container { image = 'a/b:1' } }\n",
        "process.containerOptions = '--gpus all'\n",
        "process { withName: X { containerOptions = 'a/b:1' } }\n",
        "wave.strategy = 'container'\n",
        "trace.fields = 'task_id,container'\n",
        "executor { process.container = 'a/b:1' }\n",
        "// process.container = 'a/b:1'\n",
        "process { withName: X { conda = 'a/b:1' } }\n",
        "process { container = null }\n",
        "process { withName: X { container = 'modules/x/environment.yml' } }\n",
    ] {
        assert_eq!(config(text).names(), [], "{text}");
    }
}

#[test]
fn many_settings_stand_side_by_side() {
    let text = r#"
manifest { name = 'it''s' }
process {
    shell = ['/bin/bash', '-euo', 'pipefail']
    memory = { check_max( 8.GB * task.attempt, 'memory' ) }
    withName: 'ONE' {
        ext.args = { meta.single ? '' : "--x '${meta.id}'" }
        publishDir = [
            path: { "${params.outdir}/one" },
            saveAs: { name -> name.equals('versions.yml') ? null : name }
        ]
        container = 'a/one:1'
    }
    withLabel:two { container = 'a/two:1'; cpus = 2 }
}
def check_max(obj, type) {
    if (type == 'memory') {
        try { return obj } catch (all) { println "   ### ERROR ###   ${obj}" }
    }
}
process.container = 'a/three:1'
"#;
    assert_eq!(config(text).sorted(), ["a/one:1", "a/three:1", "a/two:1"]);
}

#[test]
fn placeholders_are_reported_as_written() {
    assert_eq!(
        config("process { withLabel: x { container = '{{tool:latest}}' } }\n").sorted(),
        ["{{tool:latest}}"]
    );
    assert_eq!(config("process { withLabel: x { container = ' a/b:1' } }\n").sorted(), [" a/b:1"]);
}

#[test]
fn configurations_count_whether_or_not_they_are_included() {
    let scanned = scan(&[
        ("nextflow.config", "includeConfig 'conf/a.config'\n"),
        ("conf/a.config", "process.container = 'a/b:1'\n"),
        ("conf/unused.config", "process.container = 'c/d:1'\n"),
    ]);
    assert_eq!(scanned.sorted(), ["a/b:1", "c/d:1"]);
}
