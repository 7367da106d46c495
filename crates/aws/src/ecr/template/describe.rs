//! `DescribeRepositoryCreationTemplates`.

use super::Template;
use crate::ecr::{Ecr, LARGEST_PAGE};
use crate::error::AwsError;
use crate::paging::Pages;

impl Ecr {
    /// Returns every repository creation template of the registry.
    ///
    /// Spec: ECR `DescribeRepositoryCreationTemplates`, all pages.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn templates(&self) -> Result<Vec<Template>, AwsError> {
        let call = self.call("DescribeRepositoryCreationTemplates", "list the repository creation templates");
        self.own_registry_only(&call)?;
        let mut all = Vec::new();
        let mut pages = Pages::default();
        while let Some(token) = pages.turn(&call)? {
            let answer = call
                .run(|attempts| {
                    let request = self
                        .client()
                        .describe_repository_creation_templates()
                        .max_results(LARGEST_PAGE)
                        .set_next_token(token);
                    request.customize().interceptor(attempts).send()
                })
                .await?;
            pages.read(answer.next_token);
            for template in answer.repository_creation_templates.unwrap_or_default() {
                all.push(Template::read(&call, template)?);
            }
        }
        Ok(all)
    }

    /// Returns the template with a prefix; `None` when there is none. Templates of shorter prefixes do not count.
    ///
    /// Spec: ECR `DescribeRepositoryCreationTemplates`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn template(&self, prefix: &str) -> Result<Option<Template>, AwsError> {
        let tried = format!("describe the repository creation template `{prefix}`");
        let call = self.call("DescribeRepositoryCreationTemplates", tried);
        self.own_registry_only(&call)?;
        let answer = call
            .run(|attempts| {
                let request = self.client().describe_repository_creation_templates().prefixes(prefix);
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(answer) => {
                let templates = answer.repository_creation_templates.unwrap_or_default();
                templates.into_iter().next().map(|template| Template::read(&call, template)).transpose()
            }
            Err(error) if error.is("TemplateNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
