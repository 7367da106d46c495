//! What a container image is called, and where it lives.
//!
//! Owns the one parser of image references of this workspace, the table of upstream registries, and the
//! mapping of upstream names to names in a private Amazon ECR. Does no I/O, reads no clock, and knows
//! nothing of workflows, of AWS accounts' state or of how an image is fetched.
