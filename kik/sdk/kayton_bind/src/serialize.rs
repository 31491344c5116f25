//! Serde's Serialize for any Kayton value: dicts and objects are maps, lists and sets sequences, None
//! nothing.
//! Part of wrappers whose crate knows serde.

use serde_core::ser::{Error, SerializeMap, SerializeSeq, SerializeTuple};
use serde_core::{Serialize, Serializer};

use crate::dynamic::Dynamic;
use crate::walk::{Place, Shape};

struct Part(Place);

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match unsafe { self.0.shape() } {
            Shape::None => to.serialize_none(),
            Shape::Bool(value) => to.serialize_bool(value),
            Shape::Int(value) => to.serialize_i64(value),
            Shape::Float(value) => to.serialize_f64(value),
            Shape::Str(value) => to.serialize_str(value),
            Shape::Bytes(value) => to.serialize_bytes(value),
            Shape::Sequence(parts) => {
                let mut sequence = to.serialize_seq(Some(parts.len()))?;
                for part in parts {
                    sequence.serialize_element(&Part(part))?;
                }
                sequence.end()
            }
            Shape::Tuple(parts) => {
                let mut tuple = to.serialize_tuple(parts.len())?;
                for part in parts {
                    tuple.serialize_element(&Part(part))?;
                }
                tuple.end()
            }
            Shape::Dict(pairs) => {
                let mut map = to.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(&Part(key), &Part(value))?;
                }
                map.end()
            }
            Shape::Object(_, fields) => {
                let mut map = to.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, &Part(value))?;
                }
                map.end()
            }
            Shape::Other(name) => Err(S::Error::custom(format_args!("a value of type '{name}' cannot be serialized"))),
        }
    }
}

impl Serialize for Dynamic {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Part(self.as_place()).serialize(to)
    }
}
