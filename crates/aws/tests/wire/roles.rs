//! Roles with their policies, as IAM tells them.

use aws::ErrorKind;

use crate::server::{Reply, Request, Server};

/// Returns a field of a form, as it was sent.
fn field<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

const DOCUMENT: &str = "%7B%22Statement%22%3A%5B%5D%7D";

#[tokio::test]
async fn a_role_comes_with_every_policy_of_every_page() {
    let server = Server::start(|request| {
        Reply::xml(match (request.operation().as_str(), field(request, "Marker")) {
            ("GetRole", _) => format!(
                "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role><Path>/</Path>\
                 <Arn>arn:aws:iam::123456789012:role/run</Arn><Tags><member><Key>a</Key></member></Tags>\
                 <AssumeRolePolicyDocument>{DOCUMENT}</AssumeRolePolicyDocument><PermissionsBoundary>\
                 <PermissionsBoundaryArn>arn:aws:iam::aws:policy/b</PermissionsBoundaryArn></PermissionsBoundary>\
                 </Role></GetRoleResult></GetRoleResponse>"
            ),
            ("ListRolePolicies", None) => "<R><ListRolePoliciesResult><PolicyNames><member>one</member></PolicyNames>\
                 <IsTruncated>true</IsTruncated><Marker>m/1</Marker></ListRolePoliciesResult></R>"
                .to_owned(),
            ("ListRolePolicies", Some("m%2F1")) => {
                "<R><ListRolePoliciesResult><PolicyNames><member>two</member></PolicyNames></ListRolePoliciesResult></R>"
                    .to_owned()
            }
            ("ListAttachedRolePolicies", _) => "<R><ListAttachedRolePoliciesResult><AttachedPolicies><member>\
                 <PolicyName>m</PolicyName><PolicyArn>arn:aws:iam::aws:policy/m</PolicyArn></member></AttachedPolicies>\
                 </ListAttachedRolePoliciesResult></R>"
                .to_owned(),
            ("GetRolePolicy", _) => format!(
                "<R><GetRolePolicyResult><PolicyDocument>{DOCUMENT}</PolicyDocument></GetRolePolicyResult></R>"
            ),
            ("GetPolicy", _) => {
                "<R><GetPolicyResult><Policy><DefaultVersionId>v7</DefaultVersionId></Policy></GetPolicyResult></R>"
                    .to_owned()
            }
            ("GetPolicyVersion", _) => format!(
                "<R><GetPolicyVersionResult><PolicyVersion><Document>{DOCUMENT}</Document></PolicyVersion>\
                 </GetPolicyVersionResult></R>"
            ),
            other => panic!("nobody asks {other:?}"),
        })
    })
    .await;
    let role = server.session().await.iam().role("run").await.unwrap().unwrap();
    assert_eq!(role.arn, "arn:aws:iam::123456789012:role/run");
    assert_eq!(role.trust, r#"{"Statement":[]}"#);
    let names: Vec<&str> = role.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "arn:aws:iam::aws:policy/m"]);
    assert_eq!(role.boundary.unwrap().text, r#"{"Statement":[]}"#);
    let asked = server.seen();
    let versions: Vec<_> = asked.iter().filter_map(|request| field(request, "VersionId")).collect();
    assert_eq!(versions, ["v7", "v7"]);
    let signature = asked[0].header("authorization");
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 ") && signature.contains("/us-east-1/iam/"),
        "{signature}"
    );
}

#[tokio::test]
async fn a_role_that_is_not_there_is_an_answer_and_a_denial_is_an_error() {
    let error = |code: &str| {
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>")
    };
    let missing = error("NoSuchEntity");
    let server = Server::start(move |_| Reply::xml(missing.clone()).status(404)).await;
    assert_eq!(server.session().await.iam().role("none").await.unwrap(), None);
    let denied = error("AccessDenied");
    let server = Server::start(move |_| Reply::xml(denied.clone()).status(403)).await;
    let refused = server.session().await.iam().role("run").await.unwrap_err();
    assert_eq!((refused.kind(), refused.action()), (ErrorKind::AccessDenied, Some("iam:GetRole")));
    let server = Server::start(|_| Reply::xml("no XML")).await;
    let unreadable = server.session().await.iam().role("run").await.unwrap_err();
    assert!(unreadable.answer().contains("cannot be understood"), "{unreadable}");
}
