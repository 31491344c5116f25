//! Reads one data symbol out of a shared library's file without loading it. Loading a truncated file ends the process
//! with SIGBUS, so every table is checked against the file's length first. Format: ELF-64, System V ABI.

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_STRSZ: u64 = 10;
const ET_DYN: u16 = 3;
#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = 62;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183;

struct Segment {
    address: u64,
    offset: u64,
    file_size: u64,
}

/// The first `size` bytes of the exported object `name`; the error says what is wrong with the file.
pub fn data_symbol(file: &[u8], name: &str, size: usize) -> Result<Vec<u8>, String> {
    if file.len() < 4 || &file[..4] != b"\x7fELF" {
        return Err("it is not an ELF file".to_string());
    }
    if file.len() < 64 {
        return Err(truncated(file, 64));
    }
    if file[4] != 2 || file[5] != 1 || u16_at(file, 16)? != ET_DYN || u16_at(file, 18)? != MACHINE {
        return Err("it is not a shared library for this machine".to_string());
    }
    let segments = load_segments(file)?;
    check_section_table(file)?;
    let (mut strings, mut strings_size, mut symbols) = (None, 0, None);
    let (dynamic, dynamic_size) = dynamic_table(file)?;
    for entry in (0..dynamic_size / 16).map(|i| dynamic + i * 16) {
        match u64_at(file, entry)? {
            0 => break,
            DT_STRTAB => strings = Some(offset_of(&segments, u64_at(file, entry + 8)?)?),
            DT_STRSZ => strings_size = u64_at(file, entry + 8)?,
            DT_SYMTAB => symbols = Some(offset_of(&segments, u64_at(file, entry + 8)?)?),
            _ => {}
        }
    }
    let (Some(strings), Some(symbols)) = (strings, symbols) else {
        return Err("it has no dynamic symbol table".to_string());
    };
    // The table's length is not recorded beside it; sections and linkers put the string table or another one behind
    // it, and names that do not resolve end the walk.
    let mut entry = symbols;
    while entry + 24 <= file.len() as u64 {
        let name_at = u32_at(file, entry)? as u64;
        if name_at >= strings_size {
            break;
        }
        if symbol_name(file, strings + name_at) == Some(name.as_bytes()) && u16_at(file, entry + 6)? != 0 {
            let start = offset_of(&segments, u64_at(file, entry + 8)?)?;
            if u64_at(file, entry + 16)? < size as u64 {
                return Err(format!("its symbol '{name}' is too small"));
            }
            return slice(file, start, size as u64).map(<[u8]>::to_vec);
        }
        entry += 24;
    }
    Err(format!("it does not export '{name}' (it was not made with kayton_plugin_sdk)"))
}

fn load_segments(file: &[u8]) -> Result<Vec<Segment>, String> {
    let mut segments = Vec::new();
    for header in program_headers(file)? {
        let (offset, file_size) = (u64_at(file, header + 8)?, u64_at(file, header + 32)?);
        if u32_at(file, header)? == PT_LOAD {
            slice(file, offset, file_size)?;
            segments.push(Segment { address: u64_at(file, header + 16)?, offset, file_size });
        }
    }
    Ok(segments)
}

fn dynamic_table(file: &[u8]) -> Result<(u64, u64), String> {
    for header in program_headers(file)? {
        if u32_at(file, header)? == PT_DYNAMIC {
            return Ok((u64_at(file, header + 8)?, u64_at(file, header + 32)?));
        }
    }
    Err("it is not a shared library: no dynamic section".to_string())
}

fn program_headers(file: &[u8]) -> Result<impl Iterator<Item = u64>, String> {
    let (start, size, count) = (u64_at(file, 32)?, u64::from(u16_at(file, 54)?), u64::from(u16_at(file, 56)?));
    slice(file, start, size.saturating_mul(count))?;
    Ok((0..count).map(move |i| start + i * size))
}

/// Linkers write the section table last, so a file that was cut short misses it.
fn check_section_table(file: &[u8]) -> Result<(), String> {
    let (start, size, count) = (u64_at(file, 40)?, u64::from(u16_at(file, 58)?), u64::from(u16_at(file, 60)?));
    slice(file, start, size * count).map(|_| ())
}

fn offset_of(segments: &[Segment], address: u64) -> Result<u64, String> {
    segments
        .iter()
        .find(|s| address >= s.address && address - s.address < s.file_size)
        .map(|s| address - s.address + s.offset)
        .ok_or_else(|| "its tables are damaged".to_string())
}

fn symbol_name(file: &[u8], start: u64) -> Option<&[u8]> {
    let rest = file.get(start as usize..)?;
    Some(&rest[..rest.iter().position(|&b| b == 0)?])
}

fn slice(file: &[u8], start: u64, len: u64) -> Result<&[u8], String> {
    let end = start.checked_add(len).ok_or_else(|| "its tables are damaged".to_string())?;
    file.get(start as usize..end as usize).ok_or_else(|| truncated(file, end))
}

fn truncated(file: &[u8], wanted: u64) -> String {
    format!("the file is truncated ({} bytes, {} expected)", file.len(), wanted)
}

fn u16_at(file: &[u8], at: u64) -> Result<u16, String> {
    slice(file, at, 2).map(|b| u16::from_le_bytes(b.try_into().unwrap()))
}

fn u32_at(file: &[u8], at: u64) -> Result<u32, String> {
    slice(file, at, 4).map(|b| u32::from_le_bytes(b.try_into().unwrap()))
}

fn u64_at(file: &[u8], at: u64) -> Result<u64, String> {
    slice(file, at, 8).map(|b| u64::from_le_bytes(b.try_into().unwrap()))
}
