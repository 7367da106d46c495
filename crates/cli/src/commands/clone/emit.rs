//! The job that clones a list in parts on an engine that people have: AWS Batch, Kubernetes, Slurm.

use std::process::ExitCode;

use operations::OperationError;
use operations::clone::CloneItem;
use serde_json::{Value, json};

use crate::arguments::{CloneArguments, Engine};
use crate::failure::{print, remark};

/// What a job's container is called until somebody puts a name in.
const IMAGE: &str = "OMICS_ECR_IMAGE";

/// Longest list that AWS Batch takes in a command, in bytes; its limit is 8,192 for all of a command.
const LONGEST_COMMAND: usize = 7000;

/// Largest list that a ConfigMap takes, in bytes.
const LARGEST_MAP: usize = 900_000;

/// Prints the job of an engine.
pub(super) fn run(
    arguments: &CloneArguments,
    engine: Engine,
    items: &[CloneItem],
) -> operations::Result<ExitCode> {
    let tried = "cannot make a job that clones in parts";
    let Some(shards) = arguments.shards.filter(|shards| *shards > 0) else {
        return Err(OperationError::new(tried)
            .refused("how many parts is not said")
            .hint("pass --shards N, such as --shards 8"));
    };
    if arguments.source_username.is_some() {
        return Err(OperationError::new(tried)
            .refused("a password does not go into a job")
            .hint("give the jobs a Docker config.json, in the folder that DOCKER_CONFIG names"));
    }
    let list: String = items.iter().map(line).collect();
    let (text, note) = match engine {
        Engine::Batch => batch(arguments, shards, &list)?,
        Engine::Kubernetes => kubernetes(arguments, shards, &list)?,
        Engine::Slurm => slurm(arguments, shards, &list),
    };
    print(&text)?;
    remark(note);
    Ok(ExitCode::SUCCESS)
}

fn line(item: &CloneItem) -> String {
    match &item.target {
        Some(target) => format!("{} {target}\n", item.source),
        None => format!("{}\n", item.source),
    }
}

/// Returns the command of a job, whose list is in a file.
fn command(arguments: &CloneArguments, list: &str, shards: Option<u32>) -> Vec<String> {
    let mut words: Vec<String> =
        ["omics-ecr", "clone", "--from-file", list, "--yes", "--output", "json"].map(str::to_owned).to_vec();
    let mut flag = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.to_owned(), value]);
        }
    };
    // A platform of the settings stands aside for what was typed.
    let platform = arguments.platform.as_ref().filter(|_| !arguments.all_platforms);
    flag("--platform", platform.map(ToString::to_string));
    flag("--clone-prefix", arguments.clone_prefix.as_ref().map(ToString::to_string));
    flag("--kms-key", arguments.kms_key.clone());
    for (key, value) in &arguments.resource_tags {
        flag("--resource-tag", Some(format!("{key}={value}")));
    }
    for host in &arguments.registries.plain_http {
        flag("--plain-http", Some(host.to_string()));
    }
    flag("--account", arguments.account.target.account.as_ref().map(ToString::to_string));
    flag("--region", arguments.account.target.region.as_ref().map(ToString::to_string));
    flag("--profile", arguments.account.profile.clone());
    flag("--endpoint-url", arguments.account.endpoint_url.clone());
    flag("--shards", shards.map(|shards| shards.to_string()));
    for (set, name) in [
        (arguments.all_platforms, "--all-platforms"),
        (arguments.referrers, "--referrers"),
        (arguments.overwrite, "--overwrite"),
        (arguments.no_grant, "--no-grant"),
        (arguments.immutable, "--immutable"),
        (arguments.enable_mounting, "--enable-mounting"),
    ] {
        if set {
            words.push(name.to_owned());
        }
    }
    words
}

fn batch(arguments: &CloneArguments, shards: u32, list: &str) -> operations::Result<(String, &'static str)> {
    // A job array has two children at least.
    if !(2..=10_000).contains(&shards) {
        return Err(OperationError::new("cannot make a job array for AWS Batch")
            .refused(format!("it takes 2 to 10,000 parts, not {shards}"))
            .hint("pass --shards with such a number"));
    }
    let script = format!("printf %s {} | {}", quoted(list), shell(&command(arguments, "-", None)));
    if script.len() > LONGEST_COMMAND {
        return Err(OperationError::new("cannot put the list into a job of AWS Batch")
            .refused(format!("the command would have {} bytes, more than {LONGEST_COMMAND}", script.len()))
            .hint("split the list, or use --emit kubernetes or --emit slurm"));
    }
    let job = json!({
        "jobName": "omics-ecr-clone",
        "jobQueue": "JOB_QUEUE",
        "jobDefinition": "JOB_DEFINITION",
        "arrayProperties": { "size": shards },
        "retryStrategy": { "attempts": 3 },
        "containerOverrides": { "command": ["sh", "-c", script] },
    });
    Ok((
        format!("{job:#}\n"),
        "put your names in for JOB_QUEUE and JOB_DEFINITION, whose container has omics-ecr and whose role may write to \
         ECR; then `aws batch submit-job --cli-input-json file://job.json`",
    ))
}

fn kubernetes(
    arguments: &CloneArguments,
    shards: u32,
    list: &str,
) -> operations::Result<(String, &'static str)> {
    if list.len() > LARGEST_MAP {
        return Err(OperationError::new("cannot put the list into a ConfigMap")
            .refused(format!("it has {} bytes, more than {LARGEST_MAP}", list.len()))
            .hint("make several lists, and a job for each"));
    }
    let name = "omics-ecr-clone";
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name },
        "data": { "images.txt": list },
    });
    let container = json!({
        "name": "clone",
        "image": IMAGE,
        "command": command(arguments, "/list/images.txt", Some(shards)),
        "volumeMounts": [{ "name": "list", "mountPath": "/list" }],
    });
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name },
        "spec": {
            "completionMode": "Indexed",
            "completions": shards,
            "parallelism": shards,
            "backoffLimit": shards.saturating_mul(3),
            "template": { "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": "SERVICE_ACCOUNT",
                "containers": [container],
                "volumes": [{ "name": "list", "configMap": { "name": name } }],
            } },
        },
    });
    let both: Value = json!({ "apiVersion": "v1", "kind": "List", "items": [map, job] });
    Ok((
        format!("{both:#}\n"),
        "put your names in for OMICS_ECR_IMAGE and SERVICE_ACCOUNT, whose role may write to ECR; then `kubectl apply -f \
         job.json`",
    ))
}

fn slurm(arguments: &CloneArguments, shards: u32, list: &str) -> (String, &'static str) {
    let command = shell(&command(arguments, "-", None));
    // The list stands behind a word that no name of an image can hold.
    let text = format!(
        "#!/bin/sh\n#SBATCH --job-name=omics-ecr-clone\n#SBATCH --array=1-{shards}\n#SBATCH --cpus-per-task=2\n\
         #SBATCH --output=omics-ecr-clone-%a.json\n\n{command} <<'END OF LIST'\n{list}END OF LIST\n"
    );
    (text, "submit it with `sbatch`, where omics-ecr and AWS credentials are on every node")
}

/// Returns words as a shell takes them.
fn shell(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@+=:".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        let words = ["plain/word:1", "two words", "it's", ""].map(str::to_owned);
        assert_eq!(shell(&words), r"plain/word:1 'two words' 'it'\''s' ''");
    }
}
