//! Values from elsewhere: parameters, `task.ext`, variables, functions and strings put together.

use super::{Scanned, config, scan, script};
use crate::reference::{Engine, Resolution};

fn chain(scanned: &Scanned, at: usize) -> Vec<String> {
    match &scanned.references[at].resolution {
        Resolution::Resolved { chain } => {
            chain.iter().map(|step| format!("{}:{} {}", step.file, step.line, step.what)).collect()
        }
        other => panic!("resolved expected: {other:?}"),
    }
}

#[test]
fn text_with_a_parameter_is_put_together() {
    let text = "params {\n  wf {\n    tag = 'sha12'\n  }\n}\nprocess { container = \"lab/tool:${params.wf.tag}\" }\n";
    let scanned = config(text);
    let only = scanned.only();
    assert_eq!(only.reference.as_deref(), Some("lab/tool:sha12"));
    assert_eq!(only.line, 6);
    assert_eq!(only.text, "lab/tool:${params.wf.tag}");
    assert_eq!(only.literals.len(), 2);
    assert_eq!(only.literals[1].line, 3);
    assert_eq!(chain(&scanned, 0), ["nextflow.config:3 parameter `params.wf.tag`"]);
}

#[test]
fn a_parameter_alone_stands_where_it_is_set() {
    for directive in [
        "container params.image",
        "container \"${params.image}\"",
        "container \"$params.image\"",
        "container { params.image }",
        "container \"${-> params.image}\"",
        "container params['image']",
        "container params.get('image')",
        "container params.image.trim()",
        "container (params.image)",
        "container params.image ?: 'ignored'",
    ] {
        let main = format!("process X {{\n  {directive}\n}}\n");
        let scanned = scan(&[("main.nf", &main), ("nextflow.config", "params.image = 'a/b:1'\n")]);
        let found = scanned.references.iter().find(|found| found.reference.as_deref() == Some("a/b:1"));
        let found = found.unwrap_or_else(|| panic!("not found: {directive}"));
        assert_eq!((found.file.as_str(), found.line), ("nextflow.config", 1), "{directive}");
        assert_eq!((found.sites[0].file.as_str(), found.sites[0].line), ("main.nf", 2), "{directive}");
    }
}

#[test]
fn parameters_are_found_wherever_they_are_set() {
    let main = "process X { container params.image }\n";
    for (path, text) in [
        ("main2.nf", "params.image = 'a/b:1'\n"),
        ("main2.nf", "params {\n  image: String = 'a/b:1'\n  other: Path\n}\n"),
        ("conf/x.config", "params { image = 'a/b:1' }\n"),
        ("conf/x.config", "params = [image: 'a/b:1']\n"),
        ("conf/x.config", "params { base = 'a/b'; image = \"${params.base}:1\" }\n"),
        ("conf/x.config", "params { base = 'a/b'; image = \"${base}:1\" }\n"),
        ("conf/x.config", "params { image = { 'a/b:1' } }\n"),
    ] {
        assert_eq!(scan(&[("main.nf", main), (path, text)]).sorted(), ["a/b:1"], "{text}");
    }
}

#[test]
fn values_of_profiles_are_kept_apart() {
    let scanned = config(
        "params.tag = '1'\nprofiles { next { params.tag = '2' } }\nprocess.container = \"a/b:${params.tag}\"\n",
    );
    let mut found: Vec<_> = scanned
        .references
        .iter()
        .map(|reference| (reference.reference.as_deref().unwrap_or_default(), reference.profiles.clone()))
        .collect();
    found.sort();
    assert_eq!(found, [("a/b:1", vec![]), ("a/b:2", vec!["next".to_owned()])]);
}

#[test]
fn every_combination_is_given_up_to_a_bound() {
    let many = "process X {\n  container \"${params.a ? 'x' : 'y'}/${params.b ? 'x' : 'y'}:${params.c ? '1' : '2'}\"\n}\n";
    assert_eq!(script(many).references.len(), 8);
    let choice = "${params.a ? 'x' : 'y'}";
    let too_many = format!("process X {{\n  container \"{}\"\n}}\n", choice.repeat(10));
    let scanned = script(&too_many);
    assert_eq!(scanned.references.len(), 64);
    assert_eq!(scanned.warnings.len(), 1);
}

#[test]
fn what_nobody_sets_is_unresolved_at_the_attribute() {
    let scanned = config(
        "params.tag = '1'\nprofiles { aws { process { withLabel:x {\n  container = { \"${params.prefix}-tool:${params.tag}\" }\n} } } }\n",
    );
    assert_eq!(scanned.unresolved(), ("{params.prefix}-tool:1", vec!["params.prefix"]));
    let only = scanned.only();
    assert_eq!((only.line, only.column, only.profiles.as_slice()), (3, 3, ["aws".to_owned()].as_slice()));

    for (text, template) in [
        ("process X { container params.image }", "{params.image}"),
        ("params.image = null\nprocess X { container params.image }", "{params.image}"),
        ("params.image = ''\nprocess X { container params.image }", "{params.image}"),
        ("process X { container \"${image(1)}:2\" }", "{image(1)}:2"),
        ("process X {\n  container { gpu_image }\n  input:\n  val gpu_image\n}", "{gpu_image}"),
        ("process X { container params.one ?: params.two }", "{params.one}"),
        ("process X { container { params.one ?: null } }", "{params.one}"),
        ("process X { container System.getenv('IMAGE') }", "{System.getenv('IMAGE')}"),
        ("process X { container task.ext.image }", "{task.ext.image}"),
    ] {
        assert_eq!(script(text).unresolved().0, template, "{text}");
    }
    assert_eq!(
        config("process { withLabel:x { container = { params.own ? null : container } } }").unresolved(),
        ("{container}", vec!["container"])
    );
}

#[test]
fn a_known_side_makes_an_attribute_resolved_only_for_its_engine() {
    let known = "process X { container params.x ? \"${params.y}/z\" : 'a/b:1' }";
    assert_eq!(script(known).sorted(), ["a/b:1"]);
    let docker_unknown =
        "process X { container workflow.containerEngine == 'singularity' ? 'https://s/x' : params.image }";
    assert_eq!(script(docker_unknown).names(), [("?", Engine::Docker), ("https://s/x", Engine::Singularity)]);
    let singularity_unknown =
        "process X { container workflow.containerEngine == 'singularity' ? params.sif : 'a/b:1' }";
    assert_eq!(script(singularity_unknown).names(), [("a/b:1", Engine::Docker)]);
}

#[test]
fn ext_settings_reach_the_processes_they_select() {
    let base = "process { withName: '.*' {\n  ext.container = { ->\n    (workflow.containerEngine == 'singularity' && !params.pull)\n      ? task.ext.image\n      : task.ext.docker\n  }\n} }\n";
    let module = |name: &str| {
        format!(
            "process {{\n  withName: '{name}' {{\n    ext.docker = \"tools/{name}:1\"\n    ext {{ image = 'https://depot/{name}' }}\n  }}\n}}\n"
        )
    };
    let scanned = scan(&[
        ("modules/a/main.nf", "process AAA {\n  container \"${task.ext.container}\"\n}\n"),
        ("modules/a/module.config", &module("AAA")),
        ("modules/b/main.nf", "process BBB {\n  container \"${task.ext.container}\"\n}\n"),
        ("modules/b/module.config", &module("BBB")),
        ("conf/base.config", base),
    ]);
    assert_eq!(
        scanned.names(),
        [
            ("tools/AAA:1", Engine::Docker),
            ("https://depot/AAA", Engine::Singularity),
            ("tools/BBB:1", Engine::Docker),
            ("https://depot/BBB", Engine::Singularity),
        ]
    );
    assert_eq!(scanned.references[0].sites[0].file, "modules/a/main.nf");
    assert_eq!(
        chain(&scanned, 0),
        [
            "conf/base.config:2 setting `task.ext.container` of `withName:.*`",
            "modules/a/module.config:3 setting `task.ext.docker` of `withName:AAA`",
        ]
    );
}

#[test]
fn selectors_choose_among_ext_settings() {
    let main =
        "include { X as X_AGAIN } from './x'\nprocess X {\n  label 'big'\n  container task.ext.image\n}\n";
    for (settings, names) in [
        ("process.ext.image = 'a/all:1'", vec!["a/all:1"]),
        ("process { ext = [image: 'a/all:1'] }", vec!["a/all:1"]),
        ("process { ext.image = 'a/all:1'; withLabel: big { ext.image = 'a/big:1' } }", vec!["a/big:1"]),
        (
            "process { withLabel: big { ext.image = 'a/big:1' }; withName: X { ext.image = 'a/x:1' } }",
            vec!["a/x:1"],
        ),
        (
            "process { withName: 'W:X' { ext.image = 'a/x:1' }; withName: Y { ext.image = 'a/y:1' } }",
            vec!["a/x:1"],
        ),
        ("process { withName: X_AGAIN { ext.image = 'a/x:1' } }", vec!["a/x:1"]),
        ("process { withName: '!X.*' { ext.image = 'a/y:1' } }", vec!["?"]),
        ("process { withLabel: small { ext.image = 'a/y:1' } }", vec!["?"]),
    ] {
        assert_eq!(scan(&[("main.nf", main), ("nextflow.config", settings)]).sorted(), names, "{settings}");
    }
    let own = "process X {\n  ext image: 'a/own:1', other: 2\n  container task.ext.image\n}\n";
    assert_eq!(script(own).sorted(), ["a/own:1"]);
}

#[test]
fn variables_are_followed() {
    for text in [
        "def image = 'a/b:1'\nprocess X { container image }\n",
        "image = 'a/b:1'\nprocess X { container \"$image\" }\n",
        "String image = 'a/b:1'\nprocess X { container { image } }\n",
        "process X {\n  def image = 'a/b:1'\n  container image\n}\n",
        "process X {\n  container {\n    def tag = '1'\n    \"a/b:${tag}\"\n  }\n}\n",
        "if (params.x) { image = 'a/b:1' }\nprocess X { container image }\n",
        "def image() { 'a/b:1' }\nprocess X { container image() }\n",
        "def image(tag, name = 'b') {\n  return \"a/b:${tag}\"\n}\nprocess X { container image('1') }\n",
        "def image = { tag -> 'a/b:1' }\nprocess X { container image('1') }\n",
        "def images = [one: 'a/b:1', two: 'c/d:1']\nprocess X { container images.one }\n",
        "def images = [one: 'a/b:1', two: 'c/d:1']\nprocess X { container images['one'] }\n",
        "def images = ['a/b:1', 'c/d:1']\nprocess X { container images[0] }\n",
        "def images = [one: 'a/b:1']\nprocess X { container images.get('one', 'x') }\n",
        "params.images = [one: 'a/b:1']\nprocess X { container params.images.one }\n",
        "params.name = 'one'\nparams.images = [one: 'a/b:1', two: 'c']\nprocess X { container params.images[params.name] }\n",
    ] {
        assert_eq!(script(text).sorted(), ["a/b:1"], "{text}");
    }
    let unknown_key =
        "def images = [one: 'a/b:1', two: 'c/d:1']\nprocess X { container images[params.name] }\n";
    assert_eq!(script(unknown_key).sorted(), ["a/b:1", "c/d:1"]);
    let by_registry = "version = '1.2'\ncontainer = ['ghcr.io': 'ghcr.io/lab/tool', 'quay.io': 'quay.io/lab/tool']\nfallback = 'ghcr.io'\nparams.registry = ''\nparams.version = ''\nparams.container = ''\nprocess X {\n  container \"${params.container ?: container[params.registry ?: fallback]}:${params.version ?: version}\"\n}\n";
    assert_eq!(script(by_registry).sorted(), ["ghcr.io/lab/tool:1.2"]);
    let block = "params {\n  images {\n    one = 'a/b:1'\n    two = 'c/d:1'\n  }\n}\n";
    let main = "process X { container params.images[task.process] }\n";
    assert_eq!(scan(&[("nextflow.config", block), ("main.nf", main)]).sorted(), ["a/b:1", "c/d:1"]);
    let shared = "image = 'a/b:1'\nprocess { container = image\n withName: Y { container = image } }\n";
    let scanned = config(shared);
    assert_eq!((scanned.only().line, scanned.only().sites.len()), (1, 2));
}

#[test]
fn included_functions_are_followed() {
    let lib = "def cached(image, prefix = '') {\n  def name = image\n  if (prefix) {\n    name = name.replaceFirst('x', prefix)\n  }\n  return name\n}\n";
    for from in ["'./lib/images'", "'./lib/images.nf'"] {
        let main = format!(
            "include {{ other; cached as mirror }} from {from}\nprocess X {{ container mirror(params.image, params.prefix) }}\n"
        );
        let scanned = scan(&[
            ("main.nf", &main),
            ("lib/images.nf", lib),
            ("nextflow.config", "params.image = 'a/b:1'\nparams.prefix = ''\n"),
        ]);
        assert_eq!(scanned.sorted(), ["a/b:1"]);
        assert_eq!(scanned.only().file, "nextflow.config");
    }
}

#[test]
fn strings_are_joined_and_changed() {
    for (value, name) in [
        ("'a/b' + ':' + '1'", "a/b:1"),
        ("'a/b:' + params.tag", "a/b:7"),
        ("\"a/b:${params.tag.toString()}\"", "a/b:7"),
        ("\"a/b:${params.version}\"", "a/b:1.2"),
        ("'A/B:1'.toLowerCase()", "a/b:1"),
        ("'a-b:1'.replace('-', '/')", "a/b:1"),
        ("'a-b:1'.replaceAll('-', '/')", "a/b:1"),
        ("' a/b:1 '.trim()", "a/b:1"),
        ("'a/b'.concat(':1')", "a/b:1"),
        ("['a', 'b'].join('/')", "a/b"),
        ("\"a/${'b'}:${\"${params.tag}\"}\"", "a/b:7"),
        ("'a/b\\:1'", "a/b:1"),
        ("\"a/b:\\$x\"", "a/b:$x"),
    ] {
        let text = format!("params.tag = '7'\nparams.version = 1.2\nprocess X {{ container {value} }}\n");
        assert_eq!(script(&text).sorted(), [name], "{value}");
    }
    // What cannot be computed stays unknown.
    let regex = "process X { container 'a-b:1'.replaceAll('[-]', '/') }\n";
    assert_eq!(script(regex).unresolved().0, "{'a-b:1'.replaceAll('[-]', '/')}");
}

#[test]
fn projects_side_by_side_keep_their_parameters() {
    let main = "process X { container params.image }\n";
    let scanned = scan(&[
        ("one/nextflow.config", "params.image = 'a/one:1'\n"),
        ("one/modules/x/main.nf", main),
        ("two/nextflow.config", "params.image = 'a/two:1'\n"),
        ("two/main.nf", main),
    ]);
    for (name, site) in [("a/one:1", "one/modules/x/main.nf"), ("a/two:1", "two/main.nf")] {
        let found = scanned.references.iter().find(|found| found.reference.as_deref() == Some(name));
        let sites: Vec<&str> = found.expect(name).sites.iter().map(|site| site.file.as_str()).collect();
        assert_eq!(sites, [site]);
    }
    let defaults = scan(&[
        ("a.nf", "params.image = 'a/a:1'\nprocess A { container params.image }\n"),
        ("b.nf", "params.image = 'b/b:1'\nprocess B { container params.image }\n"),
    ]);
    assert_eq!(defaults.references.iter().map(|found| found.sites.len()).collect::<Vec<_>>(), [1, 1]);
}
