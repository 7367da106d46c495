//! The profiles of the AWS configuration files, as far as the session itself reads them.

use std::borrow::Cow;

use aws_config::profile::{ProfileSet, load};
use aws_types::os_shim_internal::{Env, Fs};

use super::environment::{self, Environment};
use crate::error::{AwsError, ErrorKind, Hint};

/// The profiles there are, and the one that was chosen.
pub(super) struct Profiles(Option<ProfileSet>);

/// Longest chain of `source_profile` that is followed.
const LONGEST_CHAIN: usize = 16;

impl Profiles {
    /// Returns no profiles at all.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Reads the files; the chosen profile is the one asked for, `AWS_PROFILE`, or `default`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when a file cannot be read, or a profile was asked for that is in none.
    pub(super) async fn load(profile: Option<&str>, environment: &Environment) -> Result<Self, AwsError> {
        Self::load_from(&Fs::real(), &Env::real(), profile, environment).await
    }

    async fn load_from(
        fs: &Fs,
        env: &Env,
        profile: Option<&str>,
        environment: &Environment,
    ) -> Result<Self, AwsError> {
        let asked = profile.map(str::to_owned).or_else(|| environment.get(environment::PROFILE));
        let chosen = asked.clone().unwrap_or_else(|| "default".to_owned());
        let set = load(fs, env, &Default::default(), Some(Cow::Owned(chosen))).await.map_err(|error| {
            let mut words = error.to_string();
            if let Some(cause) = std::error::Error::source(&error) {
                words = format!("{words}: {cause}");
            }
            let tried = "read the AWS configuration files".to_owned();
            AwsError::of_settings(ErrorKind::Configuration, tried, None, words, None)
        })?;
        if let Some(name) = asked
            && set.get_profile(&name).is_none()
        {
            let mut known: Vec<String> = set.profiles().map(str::to_owned).collect();
            known.sort_unstable();
            return Err(AwsError::of_settings(
                ErrorKind::Configuration,
                format!("use profile `{name}`"),
                None,
                "no such profile is in the AWS configuration files".to_owned(),
                Some(Hint::NameProfile { known }),
            ));
        }
        Ok(Self(Some(set)))
    }

    /// Returns a setting of the chosen profile, or of the nearest profile that it takes its credentials from.
    pub(super) fn get(&self, key: &str) -> Option<(String, &str)> {
        self.chain().find_map(|(name, profile)| {
            let value = profile.get(key)?.trim();
            (!value.is_empty()).then(|| (name.to_owned(), value))
        })
    }

    /// Returns whether the credentials come from IAM Identity Center.
    pub(super) fn signs_in(&self) -> bool {
        self.chain().any(|(_, profile)| {
            profile.get("sso_session").is_some() || profile.get("sso_start_url").is_some()
        })
    }

    /// Returns the chosen profile and those it takes its credentials from, one after the other.
    fn chain(&self) -> impl Iterator<Item = (&str, &aws_config::profile::Profile)> {
        let set = self.0.as_ref();
        let first = set.map(|set| set.selected_profile());
        std::iter::successors(first, move |name| {
            let next = set?.get_profile(name)?.get("source_profile")?;
            (next != *name).then_some(next)
        })
        .take(LONGEST_CHAIN)
        .map_while(move |name| Some((name, set?.get_profile(name)?)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns the profiles of a configuration file with this text.
    pub(crate) async fn profiles(text: &str, profile: Option<&str>) -> Result<Profiles, AwsError> {
        let fs = Fs::from_slice(&[("/config", text)]);
        let env = Env::from_slice(&[
            ("AWS_CONFIG_FILE", "/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/none"),
            ("HOME", "/home"),
        ]);
        Profiles::load_from(&fs, &env, profile, &Environment::of(&[])).await
    }

    #[tokio::test]
    async fn an_unknown_profile_is_an_error_that_names_the_known_ones() {
        let text = "[profile b]\nregion = us-east-1\n[profile a]\nregion = us-east-1\n";
        let error = profiles(text, Some("c")).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.tried(), "cannot use profile `c`");
        assert_eq!(error.hint().unwrap().to_string(), "the profiles are `a`, `b`");
        assert!(
            profiles("", None).await.is_ok(),
            "without files there is no default profile, and none was asked for"
        );
    }

    #[tokio::test]
    async fn a_sign_in_is_seen_through_the_chain_of_profiles() {
        let text = "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n\
                    [profile base]\nsso_session = work\n[sso-session work]\nsso_region = us-east-1\n\
                    [profile keys]\naws_access_key_id = A\n[profile loop]\nsource_profile = loop2\n\
                    [profile loop2]\nsource_profile = loop\n";
        for (profile, signs_in) in [("role", true), ("base", true), ("keys", false), ("loop", false)] {
            assert_eq!(profiles(text, Some(profile)).await.unwrap().signs_in(), signs_in, "{profile}");
        }
    }
}
