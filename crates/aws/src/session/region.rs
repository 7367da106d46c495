//! Which Region a session is in.

use std::fmt;

use image::Region;

use super::environment::{DEFAULT_REGION, Environment, REGION};
use super::profile::Profiles;
use crate::error::{AwsError, ErrorKind, Hint};

/// Where the Region was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegionSource {
    /// In the options.
    Option,
    /// In this environment variable.
    Variable(&'static str),
    /// In this profile.
    Profile(String),
}

impl fmt::Display for RegionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("the option"),
            Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile `{name}`"),
        }
    }
}

/// Returns the Region: of the option, else `AWS_REGION`, else `AWS_DEFAULT_REGION`, else the profile.
///
/// # Errors
/// [`ErrorKind::Configuration`] when none of them has one, or the first that has one has a text that is none.
pub(super) fn choose(
    option: Option<&Region>,
    environment: &Environment,
    profiles: &Profiles,
) -> Result<(Region, RegionSource), AwsError> {
    if let Some(region) = option {
        return Ok((region.clone(), RegionSource::Option));
    }
    let found = [REGION, DEFAULT_REGION]
        .into_iter()
        .find_map(|name| environment.get(name).map(|value| (value, RegionSource::Variable(name))))
        .or_else(|| {
            profiles.get("region").map(|(name, value)| (value.to_owned(), RegionSource::Profile(name)))
        });
    let failed = |words: String, hint| {
        let tried = "tell which AWS Region to use".to_owned();
        AwsError::of_settings(ErrorKind::Configuration, tried, None, words, Some(hint))
    };
    let Some((text, source)) = found else {
        let words =
            "neither an option, nor AWS_REGION, nor AWS_DEFAULT_REGION, nor the profile has one".to_owned();
        return Err(failed(words, Hint::GiveRegion));
    };
    match text.parse() {
        Ok(region) => Ok((region, source)),
        Err(error) => Err(failed(
            format!("{source} has {error}"),
            Hint::CorrectSetting {
                name: match source {
                    RegionSource::Variable(name) => name.to_owned(),
                    _ => "region".to_owned(),
                },
            },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::tests::profiles;
    use super::*;

    const FILE: &str =
        "[default]\nregion = eu-west-1\n[profile bare]\n[profile role]\nsource_profile = default\n";

    async fn chosen(
        option: Option<&str>,
        variables: &'static [(&'static str, &'static str)],
        profile: Option<&str>,
    ) -> Result<(String, RegionSource), AwsError> {
        let option: Option<Region> = option.map(|region| region.parse().unwrap());
        let profiles = profiles(FILE, profile).await.unwrap();
        choose(option.as_ref(), &Environment::of(variables), &profiles)
            .map(|(region, source)| (region.to_string(), source))
    }

    #[tokio::test]
    async fn the_order_is_option_variable_default_variable_profile() {
        const BOTH: &[(&str, &str)] = &[("AWS_REGION", "us-east-2"), ("AWS_DEFAULT_REGION", "us-west-2")];
        const DEFAULT: &[(&str, &str)] = &[("AWS_REGION", " "), ("AWS_DEFAULT_REGION", "us-west-2")];
        let expect = |region: &str, source| Ok((region.to_owned(), source));
        assert_eq!(
            chosen(Some("il-central-1"), BOTH, None).await,
            expect("il-central-1", RegionSource::Option)
        );
        assert_eq!(chosen(None, BOTH, None).await, expect("us-east-2", RegionSource::Variable("AWS_REGION")));
        assert_eq!(
            chosen(None, DEFAULT, None).await,
            expect("us-west-2", RegionSource::Variable("AWS_DEFAULT_REGION"))
        );
        assert_eq!(
            chosen(None, &[], None).await,
            expect("eu-west-1", RegionSource::Profile("default".into()))
        );
        assert_eq!(
            chosen(None, &[], Some("role")).await,
            expect("eu-west-1", RegionSource::Profile("default".into())),
            "a profile without a Region takes it from where its credentials come from"
        );
    }

    #[tokio::test]
    async fn no_region_is_an_error_and_never_a_default() {
        let error = chosen(None, &[], Some("bare")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.hint(), Some(&Hint::GiveRegion));
        let none = choose(None, &Environment::of(&[]), &Profiles::none());
        assert_eq!(none.unwrap_err().hint(), Some(&Hint::GiveRegion));
    }

    #[tokio::test]
    async fn a_region_that_is_none_is_an_error_that_says_where_it_stands() {
        let error = chosen(None, &[("AWS_REGION", "US East")], None).await.unwrap_err();
        assert!(error.to_string().contains("AWS_REGION has `US East` is not an AWS Region"), "{error}");
        assert_eq!(error.hint(), Some(&Hint::CorrectSetting { name: "AWS_REGION".into() }));
    }
}
