//! Storage in a bucket that any number of servers share, with nothing between them but the bucket.
//!
//! Rows are what a log of numbered entries makes of them; an entry is created on the condition that its
//! number is free, so all servers agree on one order. Bytes are objects with names of their own that rows
//! point at. `docs/design/local-ecr-s3.md` has the reasons.

mod bucket;
mod catch_up;
mod counted;
mod entry;
mod object;
mod replica;
mod session;
mod snapshot;
mod sweep;
#[cfg(test)]
mod tests;
mod writer;

pub(super) use bucket::Bucket;
pub(crate) use counted::BucketRequests;
pub(super) use entry::Operation;
pub(crate) use object::ObjectBlob;
pub(super) use object::ObjectStored;
pub(crate) use object::Objects;
pub(crate) use replica::Replica;
pub(crate) use session::ObjectGuard;
pub(super) use session::ObjectSession;
