//! Names for resources in code, made from names in ECR.

use std::collections::BTreeSet;

/// Gives each resource of one kind a name of its own.
#[derive(Debug, Default)]
pub(super) struct Identifiers(BTreeSet<String>);

impl Identifiers {
    /// Returns a name for Terraform: letters, digits and `_`, a letter first.
    pub(super) fn snake(&mut self, name: &str) -> String {
        let plain: String = name
            .trim_matches('/')
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        let starts = plain.starts_with(|c: char| c.is_ascii_alphabetic());
        self.unique(if starts { plain } else { format!("r_{plain}") }, "_")
    }

    /// Returns a logical id for CloudFormation: letters and digits, each word with a capital.
    pub(super) fn camel(&mut self, name: &str, kind: &str) -> String {
        let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let capital = |word: &str| {
            let mut letters = word.chars();
            let first: String = letters.next().into_iter().map(|c| c.to_ascii_uppercase()).collect();
            first + &letters.as_str().to_ascii_lowercase()
        };
        let plain: String = words.map(capital).collect();
        let starts = plain.starts_with(|c: char| c.is_ascii_alphabetic());
        self.unique(format!("{}{plain}{kind}", if starts { "" } else { "R" }), "N")
    }

    fn unique(&mut self, name: String, mark: &str) -> String {
        let mut own = name.clone();
        let mut number = 2;
        while !self.0.insert(own.clone()) {
            own = format!("{name}{mark}{number}");
            number += 1;
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_the_form_that_each_language_takes_and_differ() {
        let mut names = Identifiers::default();
        assert_eq!(names.snake("docker-hub"), "docker_hub");
        assert_eq!(names.snake("docker.hub/"), "docker_hub_2");
        assert_eq!(names.snake("ROOT"), "root");
        assert_eq!(names.snake("3rd"), "r_3rd");
        let mut names = Identifiers::default();
        assert_eq!(names.camel("docker-hub", "Rule"), "DockerHubRule");
        assert_eq!(names.camel("docker/hub", "Rule"), "DockerHubRuleN2");
        assert_eq!(names.camel("7zip", "Rule"), "R7zipRule");
    }
}
