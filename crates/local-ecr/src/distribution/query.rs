//! The query of a request.

use percent_encoding::percent_decode_str;

/// The parameters of a query, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

/// Most parameters that are looked at.
const MOST: usize = 64;

impl Query {
    /// Reads a query; what is no text is left out.
    pub(crate) fn read(query: Option<&str>) -> Self {
        let text = |part: &str| percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned());
        let pairs = query.unwrap_or_default().split('&').take(MOST).filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A plus sign stays one: tokens and media types have them, spaces are in neither.
            Some((text(name)?, text(value)?))
        });
        Self(pairs.filter(|(name, _)| !name.is_empty()).collect())
    }

    /// Returns the first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns every value of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn parameters_are_decoded() {
        let query =
            Query::read(Some("digest=sha256%3Aab&n=5&from=a/b&tag=x&tag=y&empty&=z&artifactType=a+b"));
        assert_eq!(query.get("digest"), Some("sha256:ab"));
        assert_eq!(query.all("tag").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(query.get("empty"), Some(""));
        assert_eq!(query.get("artifactType"), Some("a+b"));
        assert_eq!(query.get(""), None);
        assert_eq!(Query::read(None).get("n"), None);
    }
}
