//! An account, and everything of it that can be told apart.

use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};

/// An account.
pub(crate) struct World {
    runtime: tokio::runtime::Runtime,
    account: Handle,
}

impl World {
    pub(crate) fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let account = runtime.block_on(LocalEcr::start(config)).unwrap();
        Self { runtime, account }
    }

    /// Returns the arguments with which a server works on it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        ["--endpoint-url", &self.account.endpoint(), "--region", "us-east-1"].map(str::to_owned).to_vec()
    }

    /// Calls an operation of ECR's control plane.
    pub(crate) fn ecr(&self, operation: &str, body: &Value) -> Value {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        self.runtime.block_on(async {
            let post = reqwest::Client::new().post(self.account.endpoint()).header("x-amz-target", target);
            let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
            serde_json::from_str(&post.send().await.unwrap().text().await.unwrap()).unwrap()
        })
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
