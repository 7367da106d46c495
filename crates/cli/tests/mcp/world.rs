//! An account, and everything of it that can be told apart, beside a public registry.

use std::path::Path;

use serde_json::{Value, json};

use crate::images;

/// An account beside a public registry.
pub(crate) struct World(images::World);

impl World {
    pub(crate) fn new() -> Self {
        Self(images::World::new())
    }

    /// Returns the public registry, into which images can be pushed.
    pub(crate) fn images(&self) -> &images::World {
        &self.0
    }

    /// Returns the arguments with which a server works on it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        ["--endpoint-url", &self.0.account.endpoint(), "--region", "us-east-1"].map(str::to_owned).to_vec()
    }

    /// Calls an operation of ECR's control plane.
    pub(crate) fn ecr(&self, operation: &str, body: &Value) -> Value {
        self.0.ecr(operation, body.clone())
    }

    /// Makes a secret with a login; returns its ARN.
    pub(crate) fn secret(&self, name: &str) -> String {
        let login = json!({"username": "me", "accessToken": "token"}).to_string();
        let body = json!({"Name": name, "SecretString": login, "ClientRequestToken": "0".repeat(32)});
        let made: Value = self.0.runtime.block_on(async {
            let post = reqwest::Client::new().post(self.0.account.endpoint());
            let post = post.header("x-amz-target", "secretsmanager.CreateSecret");
            let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
            serde_json::from_str(&post.send().await.unwrap().text().await.unwrap()).unwrap()
        });
        made["ARN"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// Returns everything that can be told of the account.
    pub(crate) fn snapshot(&self) -> Value {
        let rules = self.ecr("DescribePullThroughCacheRules", &json!({}));
        let templates = self.ecr("DescribeRepositoryCreationTemplates", &json!({}));
        let policy = self.ecr("GetRegistryPolicy", &json!({}));
        let repositories = self.ecr("DescribeRepositories", &json!({}));
        let listed = repositories["repositories"].as_array().unwrap().clone();
        let of_each = listed.iter().map(|repository| {
            let name = json!({ "repositoryName": repository["repositoryName"] });
            json!([self.ecr("GetRepositoryPolicy", &name), self.ecr("ListImages", &name)])
        });
        json!({
            "rules": rules, "templates": templates, "policy": policy["policyText"],
            "repositories": repositories, "each": of_each.collect::<Vec<_>>(),
        })
    }
}

/// Returns every file of a folder with its text.
pub(crate) fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Returns whether everything of a document is in another one: each field, and each entry of each list. Texts that are
/// documents are looked into.
pub(crate) fn keeps(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(name, value)| after.get(name).is_some_and(|after| keeps(value, after)))
        }
        (Value::Array(before), Value::Array(after)) => {
            before.iter().all(|value| after.iter().any(|after| keeps(value, after)))
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let document = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
            document(one).zip(document(other)).is_some_and(|(before, after)| keeps(&before, &after))
        }
        // What was not there may be there now.
        (Value::Null, _) => true,
        (before, after) => before == after,
    }
}
