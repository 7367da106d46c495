//! Blobs: read with their digest checked on the way, sent in one piece, or mounted from where they are.

mod parts;
mod push;
mod reader;
mod session;
mod watch;

pub(crate) use parts::upload_in_parts;
pub use parts::{LayerPartUpload, PartRefusal, PartSession};
pub(crate) use push::{Meter, upload};
pub use reader::BlobReader;
pub(crate) use session::{Mounted, UploadSession};
