//! Conversions between the VM's native representations and Rust values. Short names: `st` reads a str, `by` bytes,
//! `int` an integer; `new_…` makes an object, `to_int` and `v…` a scalar or union value.

use std::any::type_name;
use std::cmp::Ordering;
use std::ffi::c_void;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use kayton_api::{KaytonContext, KtBytes, KtClosure, KtDict, KtList, KtRange, KtStr, KtTypeInfo, KtValue};

use crate::call::{context, raise, Exit, Ret};
use crate::register::TypeSlot;

pub type S = *mut KtStr;
pub type B = *mut KtBytes;
pub type L = *mut KtList;
pub type D = *mut KtDict;
pub type Fun = *mut KtClosure;

/// Tuples as the VM lays them out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct T1<A>(pub A);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct T2<A, B>(pub A, pub B);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct T3<A, B, C>(pub A, pub B, pub C);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct T4<A, B, C, D>(pub A, pub B, pub C, pub D);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct T5<A, B, C, D, E>(pub A, pub B, pub C, pub D, pub E);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct T6<A, B, C, D, E, F>(pub A, pub B, pub C, pub D, pub E, pub F);

struct Scalars {
    none: *const KtTypeInfo,
    bool: *const KtTypeInfo,
    int: *const KtTypeInfo,
    float: *const KtTypeInfo,
    dynamic: *const KtTypeInfo,
}
static mut SCALARS: Scalars =
    Scalars { none: std::ptr::null(), bool: std::ptr::null(), int: std::ptr::null(), float: std::ptr::null(), dynamic: std::ptr::null() };

pub(crate) fn set_scalar_types(context: &KaytonContext) {
    let get = |name: &str| context.get_type(name).unwrap_or_else(|_| panic!("the VM has no type {name}"));
    unsafe {
        SCALARS = Scalars {
            none: get("None"),
            bool: get("bool"),
            int: get("int"),
            float: get("float"),
            dynamic: get("Dynamic"),
        }
    }
}

pub(crate) fn dynamic_type() -> *const KtTypeInfo {
    unsafe { SCALARS.dynamic }
}

// --- numbers

#[inline(always)]
pub fn int<T: TryFrom<i64>>(value: i64) -> Ret<T> {
    T::try_from(value).map_err(|_| out_of_range(value, type_name::<T>()))
}

#[cold]
fn out_of_range(value: i64, target: &str) -> Exit {
    raise("OverflowError", &format!("{value} does not fit in {target}"))
}

#[inline(always)]
pub fn to_int<T: TryInto<i64>>(value: T) -> Ret<i64> {
    value.try_into().map_err(|_| raise("OverflowError", "the result does not fit in an int"))
}

#[inline(always)]
pub fn ord(order: Ordering) -> i64 {
    order as i64
}

/// Order as type operations give it: 2 when unordered.
#[inline(always)]
pub fn partial(order: Option<Ordering>) -> i64 {
    order.map_or(2, ord)
}

pub fn order(value: i64) -> Ordering {
    value.cmp(&0)
}

pub fn hash<T: Hash + ?Sized>(value: &T) -> i64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() as i64
}

/// Seconds.
pub fn duration(seconds: f64) -> Ret<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|e| raise("ValueError", &format!("{seconds} seconds: {e}")))
}

pub fn range<T: TryFrom<i64>>(value: KtRange) -> Ret<std::ops::Range<T>> {
    if value.step != 1 {
        return Err(raise("ValueError", "a range with a step other than 1"));
    }
    Ok(int(value.start)?..int(value.stop)?)
}

pub fn to_range<T: TryInto<i64>>(value: std::ops::Range<T>) -> Ret<KtRange> {
    Ok(KtRange { start: to_int(value.start)?, stop: to_int(value.end)?, step: 1 })
}

/// `a..b` for `a..=b - 1`.
pub fn range_inclusive<T: TryFrom<i64>>(value: KtRange) -> Ret<std::ops::RangeInclusive<T>> {
    let last = value.stop.checked_sub(1).filter(|last| *last >= value.start);
    let Some(last) = last else { return Err(raise("ValueError", "an empty range")) };
    let ends = range::<T>(KtRange { start: value.start, stop: last, step: value.step })?;
    Ok(ends.start..=ends.end)
}

pub fn to_range_inclusive<T: TryInto<i64>>(value: std::ops::RangeInclusive<T>) -> Ret<KtRange> {
    let (start, last) = value.into_inner();
    let (start, last): (i64, i64) = (to_int(start)?, to_int(last)?);
    Ok(KtRange { start, stop: to_int(i128::from(last) + 1)?, step: 1 })
}

// --- text and bytes

#[inline(always)]
pub unsafe fn st<'a>(text: S) -> &'a str {
    unsafe { kayton_api::KtStr::as_str(text) }
}

#[inline(always)]
pub unsafe fn by<'a>(bytes: B) -> &'a [u8] {
    unsafe { kayton_api::KtBytes::as_slice(bytes) }
}

pub unsafe fn chr(text: S) -> Ret<char> {
    let text = unsafe { st(text) };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(c),
        _ => Err(raise("ValueError", &format!("expected one character, not {text:?}"))),
    }
}

/// Fixed-size byte arrays.
pub unsafe fn sized<'a, T: TryFrom<&'a [u8]>>(bytes: B) -> Ret<T> {
    let bytes = unsafe { by(bytes) };
    T::try_from(bytes)
        .map_err(|_| raise("ValueError", &format!("{} bytes do not make a {}", bytes.len(), type_name::<T>())))
}

pub fn new_str(text: &str) -> S {
    context().str_new(text)
}

pub fn new_chr(c: char) -> S {
    new_str(c.encode_utf8(&mut [0; 4]))
}

pub fn new_bytes(bytes: &[u8]) -> B {
    context().bytes_new(bytes)
}

pub fn new_path<P: AsRef<Path>>(path: P) -> Ret<S> {
    let path = path.as_ref();
    path.to_str().map(new_str).ok_or_else(|| raise("ValueError", &format!("path {path:?} is not valid UTF-8")))
}

/// A value shown by another formatting trait than Display.
pub struct Shown<F>(pub F);
impl<F: Fn(&mut std::fmt::Formatter<'_>) -> std::fmt::Result> std::fmt::Display for Shown<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (self.0)(f)
    }
}

/// `[[fill]align][sign][#][0][width][.precision]`, as Rust's formatting reads it.
pub fn format_display<T: std::fmt::Display + ?Sized>(value: &T, spec: &str) -> Ret<String> {
    let wrong = || raise("ValueError", &format!("invalid format specifier '{spec}' for a value of a crate"));
    let mut chars = spec.chars().peekable();
    let mut rest: Vec<char> = Vec::new();
    let (mut fill, mut align) = (' ', None);
    let all: Vec<char> = spec.chars().collect();
    if all.len() > 1 && "<>^".contains(all[1]) {
        fill = all[0];
        align = Some(all[1]);
        chars.nth(1);
    } else if let Some(&c) = all.first() {
        if "<>^".contains(c) {
            align = Some(c);
            chars.next();
        }
    }
    rest.extend(chars);
    let mut at = 0;
    let mut take = |c: char| {
        let found = rest.get(at) == Some(&c);
        at += usize::from(found);
        found
    };
    let plus = take('+');
    let alternate = take('#');
    let zero = take('0');
    let number = |at: &mut usize| {
        let start = *at;
        while rest.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
        rest[start..*at].iter().collect::<String>().parse::<usize>().ok()
    };
    let width = number(&mut at).unwrap_or(0);
    let precision = if rest.get(at) == Some(&'.') {
        at += 1;
        Some(number(&mut at).ok_or_else(wrong)?)
    } else {
        None
    };
    if at != rest.len() {
        return Err(wrong());
    }
    let inner = if zero && align.is_none() { width } else { 0 };
    Ok(match (plus, alternate, zero, precision) {
        _ if zero && align.is_none() => match (plus, precision) {
            (true, Some(p)) => format!("{value:+0inner$.p$}"),
            (true, None) => format!("{value:+0inner$}"),
            (false, Some(p)) => format!("{value:0inner$.p$}"),
            (false, None) => format!("{value:0inner$}"),
        },
        (plus, alternate, _, precision) => {
            let text = match (plus, alternate, precision) {
                (true, true, Some(p)) => format!("{value:+#.p$}"),
                (true, true, None) => format!("{value:+#}"),
                (true, false, Some(p)) => format!("{value:+.p$}"),
                (true, false, None) => format!("{value:+}"),
                (false, true, Some(p)) => format!("{value:#.p$}"),
                (false, true, None) => format!("{value:#}"),
                (false, false, Some(p)) => format!("{value:.p$}"),
                (false, false, None) => format!("{value}"),
            };
            let missing = width.saturating_sub(text.chars().count());
            let before = match align.unwrap_or('<') {
                '>' => missing,
                '^' => missing / 2,
                _ => 0,
            };
            let pad = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
            pad(before) + &text + &pad(missing - before)
        }
    })
}

// --- unions of scalars

#[inline(always)]
pub fn is_none(value: KtValue) -> bool {
    std::ptr::eq(value.r#type, unsafe { SCALARS.none })
}
pub fn vnone() -> KtValue {
    KtValue { r#type: unsafe { SCALARS.none }, payload: 0 }
}
pub fn vint(value: i64) -> KtValue {
    KtValue { r#type: unsafe { SCALARS.int }, payload: value as u64 }
}
pub fn vfloat(value: f64) -> KtValue {
    KtValue { r#type: unsafe { SCALARS.float }, payload: value.to_bits() }
}
pub fn vbool(value: u8) -> KtValue {
    KtValue { r#type: unsafe { SCALARS.bool }, payload: u64::from(value) }
}
/// A tuple or range; its references move into the box.
pub unsafe fn vbox<T: Copy>(slot: &TypeSlot, mut value: T) -> KtValue {
    let context = context();
    let place: *mut c_void = std::ptr::from_mut(&mut value).cast();
    unsafe {
        let boxed = (context.api().box_new)(context.vm, slot.info(), place);
        context.release_value(slot.info(), place);
        KtValue { r#type: slot.info(), payload: boxed as u64 }
    }
}
pub unsafe fn unbox<T: Copy>(value: KtValue) -> T {
    unsafe { *(value.payload as *const u8).add(std::mem::offset_of!(kayton_api::KtBox, data)).cast::<T>() }
}
pub fn as_int(value: KtValue) -> i64 {
    value.payload as i64
}
pub fn as_float(value: KtValue) -> f64 {
    f64::from_bits(value.payload)
}
pub fn as_bool(value: KtValue) -> u8 {
    value.payload as u8
}

// --- lists

/// The numbers of a list, where they lie.
#[inline(always)]
pub unsafe fn slice<'a, E: Copy>(list: L) -> &'a [E] {
    unsafe { KtList::as_slice::<E>(list) }
}
#[inline(always)]
pub unsafe fn slice_mut<'a, E: Copy>(list: L) -> &'a mut [E] {
    unsafe {
        match (*list).length as usize {
            0 => &mut [],
            length => std::slice::from_raw_parts_mut((*list).data.cast::<E>(), length),
        }
    }
}

/// Writes the elements of a copy back into the list it was made from.
pub unsafe fn put_back<E: Copy, I: Iterator>(list: L, source: I, mut convert: impl FnMut(I::Item) -> Ret<E>) -> Ret {
    unsafe {
        let element = *(*(*list).base.r#type).args;
        for (place, item) in slice_mut::<E>(list).iter_mut().zip(source) {
            let mut old = std::mem::replace(place, convert(item)?);
            context().release_value(element, std::ptr::from_mut(&mut old).cast());
        }
    }
    Ok(())
}

/// Reads a list whose elements are stored as `E`.
pub unsafe fn items<E: Copy, T>(list: L, mut convert: impl FnMut(E) -> Ret<T>) -> Ret<Vec<T>> {
    let slice = unsafe { KtList::as_slice::<E>(list) };
    let mut out = Vec::with_capacity(slice.len());
    for item in slice {
        out.push(convert(*item)?);
    }
    Ok(out)
}

/// Makes a list of the slot's type.
pub unsafe fn new_list<E: Copy, I: IntoIterator>(
    slot: &TypeSlot,
    source: I,
    mut convert: impl FnMut(I::Item) -> Ret<E>,
) -> Ret<L> {
    let mut values: Vec<E> = Vec::new();
    let mut failed = None;
    for item in source {
        match convert(item) {
            Ok(value) => values.push(value),
            Err(exit) => {
                failed = Some(exit);
                break;
            }
        }
    }
    unsafe {
        let list = context().list_new(slot.info(), values.len());
        std::ptr::copy_nonoverlapping(values.as_ptr(), (*list).data.cast::<E>(), values.len());
        match failed {
            None => Ok(list),
            Some(exit) => {
                // The list owns what was converted before.
                context().release(list.cast::<c_void>());
                Err(exit)
            }
        }
    }
}

// --- dicts

/// Reads a dict whose keys and values are stored as `K` and `V`.
pub unsafe fn entries<K: Copy, V: Copy, T>(dict: D, mut convert: impl FnMut(K, V) -> Ret<T>) -> Ret<Vec<T>> {
    let context = context();
    let mut out = Vec::new();
    let (mut at, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    unsafe {
        while (context.api().dict_next)(context.vm, dict, &mut at, &mut key, &mut value) != 0 {
            out.push(convert(*key.cast::<K>(), *value.cast::<V>())?);
        }
    }
    Ok(out)
}

/// Makes a dict of the slot's type.
pub unsafe fn new_dict<K: Copy, V: Copy, I: IntoIterator>(
    slot: &TypeSlot,
    source: I,
    mut convert: impl FnMut(I::Item) -> Ret<(K, V)>,
) -> Ret<D> {
    let context = context();
    let info = slot.info();
    unsafe {
        let dict = context.dict_new(info);
        for item in source {
            let made = convert(item).and_then(|(mut key, mut value)| {
                let (k, v): (*mut c_void, *mut c_void) = ((&raw mut key).cast(), (&raw mut value).cast());
                let set = context.dict_set(dict, k, v).map_err(|_| Exit::Raised);
                // The dict has its own references.
                context.release_value(*(*info).args, k);
                context.release_value(*(*info).args.add(1), v);
                set
            });
            if let Err(exit) = made {
                context.release(dict);
                return Err(exit);
            }
        }
        Ok(dict)
    }
}
