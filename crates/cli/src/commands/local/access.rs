//! Who may use a local ECR: access keys and certificate, from files and the environment, never from arguments.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use local_ecr::{AccessKeys, Authentication, Tls};
use operations::OperationError;

use crate::arguments::ServeArguments;
use crate::environment::{self, variable};

/// Longest file of keys or certificates, in bytes.
const LONGEST: u64 = 1 << 20;

/// Returns which credentials requests must carry: those of the file or the environment, or none.
pub(super) fn authentication(arguments: &ServeArguments) -> operations::Result<Authentication> {
    let tried = || OperationError::new("cannot take the access keys");
    if let Some(path) = &arguments.credentials {
        let keys = String::from_utf8(read(path)?).map_err(|_| tried().refused("they are no UTF-8 text"))?;
        let keys = AccessKeys::read(&keys).map_err(|error| {
            tried().refused(format!("`{}`: {error}", path.display())).hint(
                "write sections like [name] with aws_access_key_id = ... and aws_secret_access_key = ... below",
            )
        })?;
        return Ok(Authentication::Signed(keys));
    }
    let (id, secret) = (variable(environment::LOCAL_KEY_ID), variable(environment::LOCAL_SECRET));
    match (id, secret) {
        (None, None) => Ok(Authentication::Open),
        (Some(id), Some(secret)) => AccessKeys::one(&id, &secret)
            .map(Authentication::Signed)
            .map_err(|error| tried().refused(format!("those of the environment: {error}"))),
        _ => Err(tried().refused("the environment has one half of a key").hint(format!(
            "set both {} and {}",
            environment::LOCAL_KEY_ID,
            environment::LOCAL_SECRET
        ))),
    }
}

/// Returns the certificate that the server shows, if one was named.
pub(super) fn tls(arguments: &ServeArguments) -> operations::Result<Option<Tls>> {
    let (Some(certificates), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) else { return Ok(None) };
    let tls = Tls::from_pem(&read(certificates)?, &read(key)?).map_err(|error| {
        let mut refused = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            refused = format!("{refused}: {cause}");
        }
        OperationError::new(format!(
            "cannot use the certificate `{}` with `{}`",
            certificates.display(),
            key.display()
        ))
        .refused(refused)
    })?;
    Ok(Some(tls))
}

/// Reads a file, or standard input for `-`.
fn read(path: &Path) -> operations::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
    };
    let tried = || OperationError::new(format!("cannot read `{}`", path.display()));
    read.map_err(|error| tried().refused(error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(tried().refused(format!("it has more than {LONGEST} bytes")));
    }
    Ok(bytes)
}
