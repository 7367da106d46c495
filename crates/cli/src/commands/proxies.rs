//! The proxies on the way to registries.

use registry::Proxies;

use crate::environment::{self, variable};

/// Returns the proxies that the environment names.
pub(crate) fn of_environment() -> Proxies {
    let first = |names: &[&str]| names.iter().find_map(|name| variable(name));
    Proxies {
        http: first(&environment::HTTP_PROXY),
        https: first(&environment::HTTPS_PROXY),
        except: first(&environment::NO_PROXY),
    }
}
