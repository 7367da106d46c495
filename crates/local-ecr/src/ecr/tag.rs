//! Resource tags: what ECR takes as one, and setting them.

use crate::fault::{Code, Fault};
use crate::storage::ResourceTag;

/// Most tags of a resource.
const MOST: usize = 50;

/// Sets tags over those that are there.
///
/// # Errors
/// `InvalidTagParameterException` for a tag that breaks a rule, `TooManyTagsException` for more than 50.
pub(crate) fn set(tags: &mut Vec<ResourceTag>, given: Vec<ResourceTag>) -> Result<(), Fault> {
    for tag in given {
        let key = tag.key.chars().count();
        if key == 0 || key > 128 || tag.value.chars().count() > 256 || tag.key.starts_with("aws:") {
            return Err(Fault::new(
                Code::InvalidTagParameter,
                "Invalid parameter: a tag key has 1 to 128 characters and does not begin with aws:, a tag value \
                 at most 256",
            ));
        }
        match tags.iter_mut().find(|known| known.key == tag.key) {
            Some(known) => known.value = tag.value,
            None => tags.push(tag),
        }
    }
    if tags.len() > MOST {
        let text = format!("The list of tags on the repository is over the limit of {MOST} tags");
        return Err(Fault::new(Code::TooManyTags, text));
    }
    Ok(())
}
