//! `WWW-Authenticate` as registries write it.
//!
//! Spec: RFC 9110 section 11.6.1, with the bearer parameters of the distribution specification's token
//! authentication. Bad text gives no challenge, never an error.

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// User name and password with each request.
    Basic,
    /// A token from a token service.
    Bearer {
        /// The URL of the token service.
        realm: String,
        /// The service the token is for.
        service: Option<String>,
        /// What the refused request would need.
        scope: Option<String>,
    },
}

/// Longest header that is looked at, in bytes.
const LONGEST: usize = 8 * 1024;

impl Challenge {
    /// Returns the challenges of one header value, in their order; unknown schemes are left out.
    pub fn read_all(header: &str) -> Vec<Self> {
        if header.len() > LONGEST {
            return Vec::new();
        }
        let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
        let mut rest = header;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let (word, after) = token(rest);
            if word.is_empty() {
                break;
            }
            match after.trim_start().strip_prefix('=') {
                // `name=value` belongs to the scheme before it.
                Some(value) => {
                    let (value, after) = read_value(value.trim_start());
                    if let Some((_, parameters)) = found.last_mut() {
                        parameters.push((word.to_ascii_lowercase(), value));
                    }
                    rest = after;
                }
                None => {
                    found.push((word.to_ascii_lowercase(), Vec::new()));
                    rest = after;
                }
            }
        }
        found.into_iter().filter_map(|(scheme, parameters)| Self::from_parts(&scheme, parameters)).collect()
    }

    /// Returns the challenge to answer among all header values: a bearer one before Basic.
    pub fn choose<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let all: Vec<Self> = headers.into_iter().flat_map(Self::read_all).collect();
        let bearer = all.iter().find(|challenge| matches!(challenge, Self::Bearer { .. }));
        bearer.or(all.first()).cloned()
    }

    fn from_parts(scheme: &str, parameters: Vec<(String, String)>) -> Option<Self> {
        let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        match scheme {
            "basic" => Some(Self::Basic),
            "bearer" => Some(Self::Bearer {
                realm: get("realm").filter(|realm| !realm.is_empty())?,
                service: get("service").filter(|service| !service.is_empty()),
                scope: get("scope").filter(|scope| !scope.is_empty()),
            }),
            _ => None,
        }
    }
}

fn token(text: &str) -> (&str, &str) {
    let end = text.find([' ', '\t', ',', '=', '"']).unwrap_or(text.len());
    text.split_at(end)
}

fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (word, after) = token(text);
        return (word.to_owned(), after);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        }
    }

    #[test]
    fn challenges_of_the_registries_are_read() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/ubuntu:pull""#;
        let expected = bearer(
            "https://auth.docker.io/token",
            Some("registry.docker.io"),
            Some("repository:library/ubuntu:pull"),
        );
        assert_eq!(Challenge::read_all(hub), [expected]);
        let ecr = r#"Basic realm="https://1.dkr.ecr.us-east-1.amazonaws.com/",service="ecr.amazonaws.com""#;
        assert_eq!(Challenge::read_all(ecr), [Challenge::Basic]);
        let commas = r#"Bearer realm="https://a/t",scope="repository:a:pull,push repository:b:pull""#;
        assert_eq!(
            Challenge::read_all(commas),
            [bearer("https://a/t", None, Some("repository:a:pull,push repository:b:pull"))]
        );
    }

    #[test]
    fn a_bearer_challenge_is_chosen_before_basic() {
        let several = r#"Negotiate, Basic realm="x", bearer Realm = "https://a/t" , service=s"#;
        assert_eq!(Challenge::choose([several]), Some(bearer("https://a/t", Some("s"), None)));
        assert_eq!(Challenge::choose(["Basic", "Bearer realm=\"r\""]), Some(bearer("r", None, None)));
    }

    #[test]
    fn bad_text_gives_nothing() {
        for text in ["", "Bearer", "Bearer realm=\"\"", "===", "\"", "Bearer realm", ",,,", "Digest x=y"] {
            assert_eq!(Challenge::choose([text]), None, "{text}");
        }
        assert_eq!(Challenge::read_all(r#"Bearer realm="a\"b"#), [bearer("a\"b", None, None)]);
        assert_eq!(Challenge::choose([("Basic ".repeat(4096)).as_str()]), None);
    }
}
