//! The worlds that are possible where not every key is known.

use super::evaluator::World;

/// The keys of all conditions.
pub(super) const KEYS: [&str; 3] = ["k:one", "k:two", "k:three"];
/// The values that keys have.
pub(super) const VALUES: [&str; 4] = ["a", "b", "Ab", "7"];

/// Returns every world that what is known leaves open.
pub(super) fn worlds(keys: &[Option<Vec<&str>>]) -> Vec<World> {
    let mut worlds = vec![World::new()];
    for (key, known) in KEYS.iter().zip(keys) {
        let choices: Vec<Vec<&str>> = match known {
            Some(values) => vec![values.clone()],
            None => [vec![], vec!["a", "b"], vec!["true"], vec!["false"]]
                .into_iter()
                .chain(VALUES.iter().map(|value| vec![*value]))
                .collect(),
        };
        worlds = worlds
            .iter()
            .flat_map(|world| {
                choices.iter().map(|values| {
                    let mut world = world.clone();
                    if !values.is_empty() {
                        world.insert(
                            (*key).to_owned(),
                            values.iter().map(|value| (*value).to_owned()).collect(),
                        );
                    }
                    world
                })
            })
            .collect();
    }
    worlds
}
