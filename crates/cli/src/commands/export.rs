//! `omics-ecr export`

use std::path::Path;
use std::process::ExitCode;

use operations::cache::{CacheOptions, CacheRequest};
use operations::export::{self, Export, ExportScope};
use operations::prepare::SavedPlan;
use operations::{OperationError, read_upstream};

use crate::arguments::{ExportArguments, ExportFormat, ExportOptions};
use crate::commands::{account, interrupt, remarks, text_file};
use crate::failure::print;

/// Writes the account side as code.
pub(crate) fn run(arguments: &ExportArguments) -> operations::Result<ExitCode> {
    interrupt::reading(|| async move {
        match &arguments.format {
            ExportFormat::Terraform(options) => {
                let export = read(options).await?;
                write(options, &export, &export.terraform())
            }
            ExportFormat::Cloudformation(options) => {
                if !options.repositories.is_empty() {
                    return Err(OperationError::new(
                        "cannot export policies of repositories to CloudFormation",
                    )
                    .refused("it has no resource for the policy of a repository alone")
                    .hint("use `omics-ecr grant`, or export to Terraform"));
                }
                let export = read(options).await?;
                let text = serde_json::to_string_pretty(&export.cloudformation())
                    .map_err(|error| OperationError::new("cannot write the template").refused(error))?;
                write(options, &export, &(text + "\n"))
            }
        }
    })
}

async fn read(options: &ExportOptions) -> operations::Result<Export> {
    let export = if let Some(path) = &options.plan {
        export::of_plan(&SavedPlan::read(&text_file::read(path)?)?)?
    } else if options.registries.is_empty() {
        let account = account::open(&options.account).await?;
        let scope =
            ExportScope { prefixes: options.prefixes.clone(), repositories: options.repositories.clone() };
        export::of_account(&account, &scope).await?
    } else {
        wanted(options).await?
    };
    Ok(match &options.role {
        Some(name) => export.with_role(name),
        None => export,
    })
}

/// Returns what would be made; AWS is asked for what nobody named alone, the account or the Region.
async fn wanted(options: &ExportOptions) -> operations::Result<Export> {
    let requests = options.registries.iter().map(|wanted| {
        let host = read_upstream(&wanted.registry)?.host().clone();
        let of_host = |(own, _): &&(image::RegistryHost, String)| {
            read_upstream(own.as_str()).is_ok_and(|own| *own.host() == host)
        };
        let options = CacheOptions {
            prefix: wanted.prefix.clone(),
            upstream_prefix: wanted.upstream_prefix.clone(),
            credential: options.credentials.iter().find(of_host).map(|(_, arn)| arn.clone()),
            source_account: options.source_account.clone(),
            ..CacheOptions::default()
        };
        CacheRequest::new(&wanted.registry, options).map_err(|error| match error.hint {
            Some(hint) if hint.contains("--credential") => {
                let host = &wanted.registry;
                OperationError { hint: Some(format!("{hint} {host}=ARN")), ..error }
            }
            _ => error,
        })
    });
    let requests: Vec<CacheRequest> = requests.collect::<operations::Result<_>>()?;
    let policy = options.registry_policy.as_deref().map(text_file::read).transpose()?;
    let policy = policy.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let target = super::target(&options.account.target)?;
    let (id, region) = match (target.account, target.region) {
        (Some(id), Some(region)) => (id, region),
        (id, region) => {
            let own = account::open(&options.account).await?;
            (id.unwrap_or_else(|| own.id().clone()), region.unwrap_or_else(|| own.region().clone()))
        }
    };
    export::of_requests(&id, &region, &requests, policy)
}

fn write(options: &ExportOptions, export: &Export, text: &str) -> operations::Result<ExitCode> {
    if export.is_empty() {
        return Err(OperationError::new("cannot export anything")
            .refused("the account has no pull through cache rule and no registry policy")
            .hint("name registries for which caches are to be made: `--registry quay.io`"));
    }
    match &options.output {
        Some(path) => save(path, text)?,
        None => print(text)?,
    }
    remarks::findings(&export.findings);
    Ok(ExitCode::SUCCESS)
}

fn save(path: &Path, text: &str) -> operations::Result<()> {
    std::fs::write(path, text)
        .map_err(|error| OperationError::new(format!("cannot write `{}`", path.display())).refused(error))
}
