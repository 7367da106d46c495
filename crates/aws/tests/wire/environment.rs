//! Credentials and addresses from the environment and the AWS configuration files, in a process of its own.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use aws::{Options, Session};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::server::{Reply, Server};

/// Says to the process that it is the one of [`asks`], and which profile to use if not empty.
const PROFILE_OPTION: &str = "OMICS_ECR_TEST_PROFILE";

/// Opens a session from the environment, asks ECR and STS, and prints what came of it.
#[tokio::test]
#[ignore = "is run by the other tests of this file, in an environment of their making"]
async fn child() {
    let Ok(profile) = std::env::var(PROFILE_OPTION) else { return };
    let options = Options {
        profile: (!profile.is_empty()).then_some(profile),
        attempts: std::env::var_os("AWS_MAX_ATTEMPTS").is_none().then_some(1),
        ..Options::default()
    };
    let outcome = async {
        let session = Session::open(options).await?;
        println!("region {} of {}", session.region(), session.region_source());
        session.ecr().rules().await?;
        println!("asked ECR");
        println!("account {}", session.identity().await?.account);
        Ok::<(), aws::AwsError>(())
    };
    if let Err(error) = outcome.await {
        println!("error {error}");
        println!("kind {:?}", error.kind());
        println!("hint {}", error.hint().map(ToString::to_string).unwrap_or_default());
    }
}

/// Returns what a process with these variables, and no others, prints.
async fn asks(home: &Path, profile: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::child", "--ignored", "--nocapture"])
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(PROFILE_OPTION, profile)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn home(config: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    fs::write(home.path().join(".aws/config"), config).unwrap();
    home
}

async fn ecr() -> Server {
    Server::start(|_| Reply::json(json!({ "pullThroughCacheRules": [] }))).await
}

async fn sts() -> Server {
    Server::start(|request| {
        Reply::xml(match request.operation().as_str() {
            "AssumeRole" => {
                "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                 <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t-1</SessionToken>\
                 <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>\
                 <AssumedRoleId>A:x</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/x</Arn>\
                 </AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
            }
            _ => {
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId><Account>123456789012</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>"
            }
        })
    })
    .await
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s")];

#[tokio::test]
async fn each_service_has_its_own_address() {
    let (ecr, sts, home) = (ecr().await, sts().await, home(""));
    let said = asks(
        home.path(),
        "",
        &[
            KEYS[0],
            KEYS[1],
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_ECR", &ecr.url),
            ("AWS_ENDPOINT_URL", &sts.url),
        ],
    )
    .await;
    assert!(said.contains("region eu-west-1 of AWS_DEFAULT_REGION"), "{said}");
    assert!(said.contains("account 123456789012"), "{said}");
    assert_eq!(ecr.operations(), ["DescribePullThroughCacheRules"]);
    assert_eq!(sts.operations(), ["GetCallerIdentity"]);
    let authorization = ecr.seen()[0].header("authorization").to_owned();
    assert!(authorization.contains("Credential=AKIDENV/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/ecr/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn a_profile_that_is_asked_for_comes_before_keys_of_the_environment() {
    let (ecr, sts) = (ecr().await, sts().await);
    let home = home(
        "[profile work]\nregion = us-west-2\naws_access_key_id = AKIDWORK\naws_secret_access_key = s\n\
         [profile bare]\nregion = us-west-2\n",
    );
    let variables =
        [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_ECR", ecr.url.as_str()), ("AWS_ENDPOINT_URL", &sts.url)];
    let said = asks(home.path(), "work", &variables).await;
    assert!(said.contains("region us-west-2 of profile `work`"), "{said}");
    assert!(ecr.seen()[0].header("authorization").contains("Credential=AKIDWORK/"));
    asks(home.path(), "bare", &variables).await;
    assert!(
        ecr.seen()[1].header("authorization").contains("Credential=AKIDENV/"),
        "a profile without credentials leaves them to the environment"
    );
}

#[tokio::test]
async fn a_process_gives_credentials() {
    let (ecr, sts) = (ecr().await, sts().await);
    let home = home("[default]\nregion = us-east-2\ncredential_process = sh -c 'cat $HOME/key.json'\n");
    let key = json!({ "Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "s" });
    fs::write(home.path().join("key.json"), key.to_string()).unwrap();
    let variables = [("AWS_ENDPOINT_URL_ECR", ecr.url.as_str()), ("AWS_ENDPOINT_URL", &sts.url)];
    let said = asks(home.path(), "", &variables).await;
    assert!(said.contains("asked ECR"), "{said}");
    assert!(ecr.seen()[0].header("authorization").contains("Credential=AKIDPROCESS/"));
}

#[tokio::test]
async fn a_role_is_taken_on_once_for_all_services() {
    let (ecr, sts) = (ecr().await, sts().await);
    let home = home(
        "[profile role]\nregion = us-east-2\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n",
    );
    for (option, variable) in [("role", ("AWS_PAGER", "")), ("", ("AWS_PROFILE", "role"))] {
        let before = sts.seen().len();
        let variables =
            [variable, ("AWS_ENDPOINT_URL_ECR", ecr.url.as_str()), ("AWS_ENDPOINT_URL", &sts.url)];
        let said = asks(home.path(), option, &variables).await;
        assert!(said.contains("account 123456789012"), "{said}");
        assert_eq!(sts.operations()[before..], ["AssumeRole", "GetCallerIdentity"]);
        assert!(sts.seen()[before].header("authorization").contains("Credential=AKIDBASE/"));
        let request = ecr.seen().pop().unwrap();
        assert!(request.header("authorization").contains("Credential=ASIAROLE/"));
        assert_eq!(request.header("x-amz-security-token"), "t-1");
    }
}

#[tokio::test]
async fn a_sign_in_that_ended_names_the_command_with_the_profile() {
    let home = home(
        "[profile work]\nregion = us-east-1\nsso_session = corp\nsso_account_id = 123456789012\n\
         sso_role_name = dev\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example.com\n",
    );
    let never = asks(home.path(), "work", &[]).await;
    assert!(never.contains("hint sign in again: `aws sso login --profile work`"), "{never}");

    let cache = home.path().join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    // The file's name is the SHA-1 of the session's name.
    let token = json!({ "accessToken": "hunter2", "expiresAt": "2020-01-01T00:00:00Z", "region": "us-east-1",
                        "startUrl": "https://corp.example.com" });
    fs::write(cache.join(format!("{SHA1_OF_CORP}.json")), token.to_string()).unwrap();
    for (option, variable) in [("work", ("AWS_PAGER", "")), ("", ("AWS_PROFILE", "work"))] {
        let ended = asks(home.path(), option, &[variable]).await;
        assert!(ended.contains("kind CredentialsExpired"), "{ended}");
        assert!(ended.contains("hint sign in again: `aws sso login --profile work`"), "{ended}");
        assert!(!ended.contains("hunter2"), "{ended}");
    }
}

/// SHA-1 of `corp`.
const SHA1_OF_CORP: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f";

#[tokio::test]
async fn without_credentials_the_error_says_so() {
    let (ecr, home) = (ecr().await, home(""));
    let said =
        asks(home.path(), "", &[("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", ecr.url.as_str())]).await;
    assert!(said.contains("kind CredentialsMissing"), "{said}");
    assert!(said.contains("no credentials found in chain"), "{said}");
    assert!(said.contains("hint give credentials: `aws configure sso`"), "{said}");
    assert!(ecr.seen().is_empty());
}

#[tokio::test]
async fn settings_that_are_none_are_errors_and_no_panics() {
    let home = home("[default]\nregion = us-east-1\n");
    for (variable, wanted) in [
        (("AWS_MAX_ATTEMPTS", "0"), "hint correct or remove `AWS_MAX_ATTEMPTS`"),
        (("AWS_RETRY_MODE", "hard"), "hint correct or remove `AWS_RETRY_MODE`"),
        (("AWS_REGION", "moon"), "hint correct or remove `AWS_REGION`"),
        (("AWS_PROFILE", "nobody"), "hint the profiles are `default`"),
        (("HTTPS_PROXY", "socks5://p"), "hint correct or remove `HTTPS_PROXY`"),
    ] {
        let said = asks(home.path(), "", &[KEYS[0], KEYS[1], variable]).await;
        assert!(said.contains("kind Configuration") && said.contains(wanted), "{variable:?}: {said}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    let said = asks(nowhere.path(), "", &KEYS).await;
    assert!(said.contains("hint give a Region"), "{said}");
}
