//! Which part of a list this machine clones: said by a flag, or by the array job it is in.

use operations::OperationError;
use operations::clone::{CloneItem, Shard};

use crate::arguments::CloneArguments;
use crate::environment::{self, variable};
use crate::failure::remark;
use crate::screen::count;

/// Returns the images of this machine's part.
pub(super) fn take(arguments: &CloneArguments, all: Vec<CloneItem>) -> operations::Result<Vec<CloneItem>> {
    let (shard, from) = match arguments.shard {
        Some(shard) => (shard, "--shard"),
        None => {
            match of_environment(arguments.shards, variable)? {
                Some(found) => found,
                None if arguments.shards.is_some() => {
                    return Err(OperationError::new("cannot tell which part of the list this is")
                    .refused("no array job's variable is set, and --shards tells only how many parts there are")
                    .hint("pass --shard I/N"));
                }
                None => return Ok(all),
            }
        }
    };
    let own = shard.take(&all);
    if shard.of() > 1 {
        remark(&format!("part {shard} by {from}: {} of {}", own.len(), count(all.len(), "image", "images")));
    }
    Ok(own)
}

/// Returns the part that an array job's variables tell, and the variable that told it.
///
/// # Errors
/// When a variable has no number, or how many parts there are is not known.
fn of_environment(
    shards: Option<u32>,
    variable: impl Fn(&str) -> Option<String>,
) -> operations::Result<Option<(Shard, &'static str)>> {
    let number = |name: &'static str| -> operations::Result<Option<u32>> {
        let Some(text) = variable(name) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| {
            OperationError::new(format!("cannot use the environment variable {name}"))
                .refused(format!("`{text}` is not a number"))
                .hint("pass --shard I/N, which comes before it")
        })
    };
    let part = |index: Option<u32>, of: Option<u32>, from: &'static str| {
        let of = of.ok_or_else(|| {
            OperationError::new("cannot tell how many parts the list has")
                .refused(format!("{from} tells only which one this is"))
                .hint("pass --shards N with the number of jobs, or --shard 1/1 to clone the whole list here")
        })?;
        let shard = index.and_then(|index| index.checked_add(1)).and_then(|number| Shard::new(number, of));
        let shard = shard.ok_or_else(|| {
            OperationError::new(format!("cannot use the environment variable {from}"))
                .refused(format!("there is no such part of {of}"))
                .hint("pass --shard I/N")
        })?;
        Ok(Some((shard, from)))
    };
    if let Some(index) = number(environment::BATCH_INDEX)? {
        let of = shards.or(number(environment::BATCH_SIZE)?);
        return part(Some(index), of, environment::BATCH_INDEX);
    }
    if let Some(index) = number(environment::SLURM_ID)? {
        let least = number(environment::SLURM_MIN)?.unwrap_or(0);
        let most = number(environment::SLURM_MAX)?.unwrap_or(least);
        let of = number(environment::SLURM_COUNT)?;
        return part(slurm_place(index, least, most, of), of.or(shards), environment::SLURM_ID);
    }
    if let Some(index) = number(environment::KUBERNETES_INDEX)? {
        return part(Some(index), shards, environment::KUBERNETES_INDEX);
    }
    Ok(None)
}

/// Returns the place of a task in its array, which may begin anywhere and leave out steps: `--array=10-40:10`.
fn slurm_place(id: u32, least: u32, most: u32, count: Option<u32>) -> Option<u32> {
    let from = id.checked_sub(least)?;
    let gaps = count.and_then(|count| count.checked_sub(1)).filter(|gaps| *gaps > 0);
    let Some(gaps) = gaps else { return Some(from) };
    let width = most.checked_sub(least)?;
    // A list with holes of different width has no step, and no place can be told.
    let step = (width % gaps == 0).then_some(width / gaps).filter(|step| *step > 0)?;
    (from % step == 0).then_some(from / step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(shards: Option<u32>, set: &[(&str, &str)]) -> Result<Option<String>, OperationError> {
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        of_environment(shards, variable).map(|found| found.map(|(shard, _)| shard.to_string()))
    }

    #[test]
    fn array_jobs_tell_the_part() {
        let batch = [("AWS_BATCH_JOB_ARRAY_INDEX", "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")];
        assert_eq!(found(None, &batch), Ok(Some("1/10".into())));
        let kubernetes = [("JOB_COMPLETION_INDEX", "4")];
        assert_eq!(found(Some(5), &kubernetes), Ok(Some("5/5".into())));
        assert!(found(None, &kubernetes).unwrap_err().hint.unwrap().contains("--shards"));
        let slurm = |id, min, max, count| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ]
        };
        assert_eq!(found(None, &slurm("1", "1", "16", "16")), Ok(Some("1/16".into())));
        assert_eq!(found(None, &slurm("30", "10", "40", "4")), Ok(Some("3/4".into())));
        assert_eq!(found(None, &slurm("7", "7", "7", "1")), Ok(Some("1/1".into())));
        assert!(found(None, &slurm("3", "1", "17", "3")).is_err(), "1,3,17 has no step");
        assert_eq!(found(Some(3), &[]), Ok(None));
    }

    #[test]
    fn numbers_that_are_none_or_lie_outside_are_refused() {
        for set in [
            [("AWS_BATCH_JOB_ARRAY_INDEX", "x"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")],
            [("AWS_BATCH_JOB_ARRAY_INDEX", "10"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")],
            [("SLURM_ARRAY_TASK_ID", "4294967295"), ("SLURM_ARRAY_TASK_COUNT", "3")],
        ] {
            assert!(found(None, &set).is_err(), "{set:?}");
        }
    }
}
