//! What an operation of a JSON service is: a request that knows how to be carried out.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::server::App;

/// What surrounds a request.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The server.
    pub(crate) app: Arc<App>,
    /// Who asks.
    pub(crate) caller: Caller,
}

/// A request of an operation.
pub(crate) trait Operation: DeserializeOwned + Send + 'static {
    /// The members that must be given.
    const REQUIRED: &'static [&'static str] = &[];
    /// What is answered.
    type Response: Serialize + Send + 'static;

    /// Carries the request out; blocks.
    ///
    /// # Errors
    /// The faults that the service model lists for the operation.
    fn run(self, ecr: &Ecr, caller: &Caller) -> Result<Self::Response, Fault>;
}

/// Reads the body of a request of an operation.
///
/// # Errors
/// `SerializationException` for what is not the JSON it should be, `InvalidParameterException` for a missing
/// member.
pub(crate) fn read<R: DeserializeOwned>(required: &[&str], body: &[u8]) -> Result<R, Fault> {
    let mut members: Map<String, Value> = match body {
        [] => Map::new(),
        body => serde_json::from_slice(body).map_err(|error| {
            Fault::new(Code::Serialization, format!("the request is no JSON object: {error}"))
        })?,
    };
    // On the wire a member that is null is one that is not given.
    members.retain(|_, value| !value.is_null());
    if let Some(missing) = required.iter().find(|name| !members.contains_key(**name)) {
        return Err(Fault::parameter(missing, "Member must not be null"));
    }
    serde_json::from_value(Value::Object(members))
        .map_err(|error| Fault::new(Code::Serialization, error.to_string()))
}

/// Reads a request, carries it out beside the async code, and returns what is answered.
pub(crate) async fn call<O: Operation>(context: Context, body: &[u8]) -> Result<Value, Fault> {
    let request: O = read(O::REQUIRED, body)?;
    run(context, request).await
}

/// Carries a request out beside the async code, and returns what is answered.
pub(crate) async fn run<O: Operation>(context: Context, request: O) -> Result<Value, Fault> {
    let caller = context.caller.clone();
    let response = context.app.blocking(move |ecr| request.run(ecr, &caller)).await?;
    serde_json::to_value(response)
        .map_err(|error| Fault::new(Code::Server, format!("the answer is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Request {
        name: String,
        #[serde(default)]
        force: bool,
    }

    #[test]
    fn null_is_not_given_and_what_is_required_must_be() {
        let request: Request = read(&["name"], br#"{"name":"a","force":null}"#).expect("it is a request");
        assert!(request.name == "a" && !request.force);
        let fault = read::<Request>(&["name"], br#"{"name":null}"#).expect_err("the name is missing");
        assert_eq!(fault.code, Code::InvalidParameter);
        for broken in [&b"{"[..], b"[]", b"\"x\"", b"{\"name\":1}", b"\xff", b"{\"name\":{\"a\":[[[[]]]]}}"] {
            let fault = read::<Request>(&["name"], broken).expect_err("it is no request");
            assert_eq!(fault.code, Code::Serialization, "{broken:?}");
        }
        let deep = "{\"name\":".repeat(10_000);
        assert!(read::<Request>(&[], deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Err(fault) = read::<Request>(&["name"], &body) {
                prop_assert!(!fault.message.is_empty());
            }
        }
    }
}
