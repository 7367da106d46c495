//! The environment variables that this crate reads by itself; the SDK reads further ones (`AWS_ACCESS_KEY_ID`,
//! `AWS_CONFIG_FILE`, `AWS_ENDPOINT_URL*`, ...).

/// The Region, before all other places but an option.
pub(super) const REGION: &str = "AWS_REGION";
/// The Region where `AWS_REGION` has none.
pub(super) const DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
/// The profile.
pub(super) const PROFILE: &str = "AWS_PROFILE";
/// How often a request is sent at most.
pub(super) const MAX_ATTEMPTS: &str = "AWS_MAX_ATTEMPTS";
/// `adaptive` or `standard`.
pub(super) const RETRY_MODE: &str = "AWS_RETRY_MODE";
/// The proxy for HTTPS, the first that has a value.
pub(super) const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The address of IAM.
pub(super) const ENDPOINT_URL_IAM: &str = "AWS_ENDPOINT_URL_IAM";
/// The hosts that need no proxy.
pub(super) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Where variables are looked up.
pub(super) struct Environment(Variables);

/// Returns the value of a variable.
type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Environment {
    /// Returns the environment of this process.
    pub(super) fn of_process() -> Self {
        Self(Box::new(|name| std::env::var(name).ok()))
    }

    /// Returns an environment of these variables alone.
    #[cfg(test)]
    pub(super) fn of(variables: &'static [(&'static str, &'static str)]) -> Self {
        Self(Box::new(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        }))
    }

    /// Returns a variable's value; `None` when it is not set or blank.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Returns the first of several variables that has a value, with its name.
    pub(super) fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, String)> {
        names.iter().find_map(|name| self.get(name).map(|value| (*name, value)))
    }
}
