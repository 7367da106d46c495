//! IAM's XML, as the texts of its elements by name.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// Elements that have elements in them; all others hold text.
const PARENTS: [&str; 14] = [
    "GetRoleResult",
    "Role",
    "PermissionsBoundary",
    "ListRolePoliciesResult",
    "PolicyNames",
    "GetRolePolicyResult",
    "ListAttachedRolePoliciesResult",
    "AttachedPolicies",
    "GetPolicyResult",
    "Policy",
    "GetPolicyVersionResult",
    "PolicyVersion",
    "Error",
    "ErrorResponse",
];

/// The texts of an answer, in their order.
#[derive(Debug)]
pub(super) struct Found(Vec<(String, String)>);

impl Found {
    /// Returns the first text of an element.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str())
    }

    /// Returns the texts of all elements of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, text)| text.as_str())
    }
}

/// Reads an answer.
///
/// # Errors
/// When it is no XML.
pub(super) fn read(text: &str) -> Result<Found, XmlDecodeError> {
    let mut document = Document::new(text);
    let mut found = Vec::new();
    walk(&mut document.root_element()?, false, &mut found)?;
    Ok(Found(found))
}

fn walk(
    parent: &mut ScopedDecoder<'_, '_>,
    in_attached: bool,
    found: &mut Vec<(String, String)>,
) -> Result<(), XmlDecodeError> {
    while let Some(mut child) = parent.next_tag() {
        let name = child.start_el().local().to_owned();
        let member_with_elements = name == "member" && in_attached;
        if member_with_elements || PARENTS.contains(&name.as_str()) {
            walk(&mut child, name == "AttachedPolicies", found)?;
        } else if WANTED.contains(&name.as_str()) {
            let text = try_data(&mut child)?.into_owned();
            found.push((name, text));
        }
    }
    Ok(())
}

/// Elements whose texts are kept; others are passed over, whatever is in them.
const WANTED: [&str; 12] = [
    "Arn",
    "AssumeRolePolicyDocument",
    "PermissionsBoundaryArn",
    "member",
    "PolicyName",
    "PolicyArn",
    "PolicyDocument",
    "DefaultVersionId",
    "Document",
    "Marker",
    "Code",
    "Message",
];

/// Returns a text that was percent encoded, as policies in IAM's answers are.
pub(super) fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_at_their_places() {
        let answer = r#"<ListAttachedRolePoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
            <ListAttachedRolePoliciesResult><IsTruncated>true</IsTruncated><Marker>more</Marker><AttachedPolicies>
            <member><PolicyName>a</PolicyName><PolicyArn>arn:a</PolicyArn></member>
            <member><PolicyName>b</PolicyName><PolicyArn>arn:b</PolicyArn></member></AttachedPolicies>
            </ListAttachedRolePoliciesResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
            </ListAttachedRolePoliciesResponse>"#;
        let found = read(answer).unwrap();
        assert_eq!(found.all("PolicyArn").collect::<Vec<_>>(), ["arn:a", "arn:b"]);
        assert_eq!((found.one("Marker"), found.one("Code")), (Some("more"), None));
        let names = "<R><ListRolePoliciesResult><PolicyNames><member>x</member><member>y</member></PolicyNames>\
            </ListRolePoliciesResult></R>";
        assert_eq!(read(names).unwrap().all("member").collect::<Vec<_>>(), ["x", "y"]);
        assert!(read("{}").is_err() && read("").is_err());
    }
}
