//! The contract: operations, shapes and errors of the service model, parsed once from `contract.json`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::pattern::Pattern;
use crate::relaxations;

const CONTRACT_TEXT: &str = include_str!("contract.json");

/// The whole contract. Parsed at the first call; every later call is a pointer read.
pub fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let mut contract: Contract =
            serde_json::from_str(CONTRACT_TEXT).expect("the embedded contract is checked by tests");
        for (name, operation) in &mut contract.operations {
            operation.name = name.clone();
            operation.segments = parse_uri(&operation.uri);
        }
        for (name, shape) in &mut contract.shapes {
            shape.name = name.clone();
            relaxations::apply(shape);
        }
        contract
    })
}

#[derive(Debug, Deserialize)]
pub struct Contract {
    pub metadata: BTreeMap<String, String>,
    pub paginators: serde_json::Value,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
}

impl Contract {
    /// The operation of that name, `None` if the service never had it.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// The shape of that name. Panics on a name that no shape refers to; a test walks all references.
    pub fn shape(&self, name: &str) -> &Shape {
        self.shapes
            .get(name)
            .unwrap_or_else(|| panic!("shape {name} is not in the contract"))
    }

    /// Compiles every pattern now, so that no request pays for it. A server calls this before it says it is ready.
    pub fn compile_patterns(&self) {
        for shape in self.shapes.values() {
            shape.compiled_pattern();
        }
    }
}

/// One operation of the service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    #[serde(skip)]
    pub name: String,
    pub http_method: String,
    /// Template such as `/kx/environments/{environmentId}/clusters`.
    pub uri: String,
    pub response_code: u16,
    pub input: String,
    pub output: String,
    /// Names of the errors a client may expect, with their HTTP status.
    pub errors: BTreeMap<String, u16>,
    /// Belongs to the dataset browser, deprecated years before the service closed.
    #[serde(default)]
    pub legacy: bool,
    #[serde(skip)]
    pub(crate) segments: Vec<Segment>,
}

/// One part of a URI template between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Label(String),
}

fn parse_uri(template: &str) -> Vec<Segment> {
    template
        .trim_start_matches('/')
        .split('/')
        .map(|part| {
            match part
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(label) => Segment::Label(label.to_owned()),
                None => Segment::Literal(part.to_owned()),
            }
        })
        .collect()
}

/// A named type of the contract with its constraints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    #[serde(skip)]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ShapeType,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub members: BTreeMap<String, Member>,
    /// Element shape of a list.
    pub member: Option<String>,
    /// Key shape of a map.
    pub key: Option<String>,
    /// Value shape of a map.
    pub value: Option<String>,
    /// Smallest length (strings, lists, maps) or value (numbers).
    pub min: Option<f64>,
    /// Largest length or value.
    pub max: Option<f64>,
    pub pattern: Option<String>,
    #[serde(rename = "enum")]
    pub values: Option<Vec<String>>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub exception: bool,
    pub http_status: Option<u16>,
    #[serde(default, rename = "box")]
    pub boxed: bool,
    #[serde(skip)]
    compiled: OnceLock<Option<Pattern>>,
}

impl Shape {
    /// The pattern ready for matching, `None` when the shape has none.
    pub(crate) fn compiled_pattern(&self) -> Option<&Pattern> {
        self.compiled
            .get_or_init(|| {
                self.pattern.as_deref().map(|source| {
                    Pattern::compile(source).unwrap_or_else(|error| {
                        panic!("pattern of shape {} does not compile: {error}", self.name)
                    })
                })
            })
            .as_ref()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShapeType {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Timestamp,
}

/// A member of a structure: its type and, in a request, where it travels.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    #[serde(rename = "type")]
    pub shape: String,
    #[serde(default, rename = "in")]
    pub location: Location,
    /// Name on the wire; the member's own name when absent.
    pub wire: Option<String>,
    /// SDKs fill it when the user does not.
    #[serde(default)]
    pub idempotency_token: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    #[default]
    Body,
    Uri,
    QueryString,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_names_a_shape_and_every_pattern_compiles() {
        let contract = contract();
        contract.compile_patterns();
        let mut references: Vec<&str> = Vec::new();
        for operation in contract.operations.values() {
            references.extend([operation.input.as_str(), operation.output.as_str()]);
            references.extend(operation.errors.keys().map(String::as_str));
        }
        for shape in contract.shapes.values() {
            references.extend(shape.members.values().map(|member| member.shape.as_str()));
            references.extend(
                [&shape.member, &shape.key, &shape.value]
                    .into_iter()
                    .flatten()
                    .map(String::as_str),
            );
            for name in &shape.required {
                assert!(
                    shape.members.contains_key(name),
                    "{}.{name} is required but unknown",
                    shape.name
                );
            }
        }
        for name in references {
            contract.shape(name);
        }
        assert_eq!(contract.operations.len(), 50);
    }

    #[test]
    fn every_uri_label_is_a_required_member_that_travels_in_the_uri() {
        let contract = contract();
        for operation in contract.operations.values() {
            let input = contract.shape(&operation.input);
            for segment in &operation.segments {
                if let Segment::Label(label) = segment {
                    assert_eq!(
                        input.members[label].location,
                        Location::Uri,
                        "{}",
                        operation.name
                    );
                    assert!(input.required.contains(label), "{}", operation.name);
                }
            }
        }
    }
}
