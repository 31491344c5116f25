//! Looking into values of any type by the VM's own descriptions: what serialising needs. A `Place` is a value in
//! storage, as list elements, members and locals are.

use std::ffi::{c_void, CStr};

use kayton_api::{KtBox, KtBytes, KtDict, KtList, KtObject, KtStr, KtTypeInfo, KtValue};

use crate::call::context;

#[derive(Clone, Copy)]
pub(crate) struct Place {
    info: *const KtTypeInfo,
    data: *const u8,
}

/// A value with its kind decided: unions, optionals and boxes are opened.
pub(crate) enum Shape<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    Bytes(&'a [u8]),
    /// A list or set.
    Sequence(Vec<Place>),
    Tuple(Vec<Place>),
    Dict(Vec<(Place, Place)>),
    /// An object of a class: its fields by name.
    Object(&'a str, Vec<(&'a str, Place)>),
    /// What has no parts: functions, files, values of crates. The type's name.
    Other(&'a str),
}

impl Place {
    pub(crate) unsafe fn new(info: *const KtTypeInfo, data: *const c_void) -> Place {
        Place { info, data: data.cast() }
    }

    pub(crate) unsafe fn shape<'a>(self) -> Shape<'a> {
        unsafe {
            let info = &*self.info;
            let object = || *self.data.cast::<*const KtObject>();
            let arg = |i: usize| *info.args.add(i);
            match info.kind {
                0 => Shape::None,
                1 => Shape::Bool(*self.data != 0),
                2 => Shape::Int(*self.data.cast::<i64>()),
                3 => Shape::Float(*self.data.cast::<f64>()),
                4 => Shape::Str(KtStr::as_str(object().cast())),
                5 => Shape::Bytes(KtBytes::as_slice(object().cast())),
                6 => {
                    let list = object().cast::<KtList>();
                    let element = *(*(*list).base.r#type).args;
                    let size = (*element).size as usize;
                    let start = (*list).data.cast_const().cast::<u8>();
                    Shape::Sequence(
                        (0..(*list).length as usize).map(|i| Place { info: element, data: start.add(i * size) }).collect(),
                    )
                }
                7 | 8 => {
                    let dict = object();
                    let types = (*dict).r#type;
                    let mut pairs = Vec::new();
                    let (mut at, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
                    let context = context();
                    let dict = dict.cast_mut().cast::<KtDict>();
                    while (context.api().dict_next)(context.vm, dict, &mut at, &mut key, &mut value) != 0 {
                        let key = Place::new(*(*types).args, key);
                        let value = if info.kind == 7 { Place::new(*(*types).args.add(1), value) } else { key };
                        pairs.push((key, value));
                    }
                    match info.kind {
                        7 => Shape::Dict(pairs),
                        _ => Shape::Sequence(pairs.into_iter().map(|pair| pair.0).collect()),
                    }
                }
                9 => Shape::Tuple(
                    (0..info.args_count as usize)
                        .map(|i| Place { info: arg(i), data: self.data.add(*info.offsets.add(i) as usize) })
                        .collect(),
                ),
                11 | 13 => {
                    let value = &*self.data.cast::<KtValue>();
                    let inner = &*value.r#type;
                    let data: *const u8 = match inner.kind {
                        9 | 10 => (value.payload as *const u8).add(std::mem::offset_of!(KtBox, data)),
                        _ => std::ptr::from_ref(&value.payload).cast(),
                    };
                    Place { info: inner, data }.shape()
                }
                12 if object().is_null() => Shape::None,
                12 => Place { info: arg(0), data: self.data }.shape(),
                15 => {
                    let object = object().cast::<u8>();
                    // The object's own class may be a subclass of the one that is declared.
                    let class = &*(*object.cast::<KtObject>()).r#type;
                    if class.field_names.is_null() {
                        return Shape::Other(name(class));
                    }
                    let fields = (0..class.args_count as usize).map(|i| {
                        let place = Place {
                            info: *class.args.add(i),
                            data: object.add(*class.offsets.add(i) as usize),
                        };
                        (CStr::from_ptr(*class.field_names.add(i)).to_str().unwrap_or("?"), place)
                    });
                    Shape::Object(name(class), fields.collect())
                }
                _ => Shape::Other(name(info)),
            }
        }
    }
}

unsafe fn name<'a>(info: &KtTypeInfo) -> &'a str {
    unsafe { CStr::from_ptr(info.name) }.to_str().unwrap_or("?")
}
