//! A file mapped read-only, so that looking into a large plugin touches only the pages that are looked at. Unmapped
//! when dropped.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::{Error, Result};
use std::os::fd::AsRawFd;

unsafe extern "C" {
    fn mmap(address: *mut c_void, len: usize, protection: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    fn munmap(address: *mut c_void, len: usize) -> c_int;
}
const PROT_READ: c_int = 1;
const MAP_PRIVATE: c_int = 2;

pub struct FileView {
    address: *mut c_void,
    len: usize,
}

impl FileView {
    pub fn open(path: &str) -> Result<FileView> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(Error::other("it is a directory"));
        }
        let len = metadata.len() as usize;
        if len == 0 {
            return Err(Error::other("it is empty"));
        }
        let address = unsafe { mmap(std::ptr::null_mut(), len, PROT_READ, MAP_PRIVATE, file.as_raw_fd(), 0) };
        if address as isize == -1 {
            return Err(Error::last_os_error());
        }
        Ok(FileView { address, len })
    }

    pub fn bytes(&self) -> &[u8] {
        unsafe { std::slice::from_raw_parts(self.address.cast(), self.len) }
    }
}

impl Drop for FileView {
    fn drop(&mut self) {
        unsafe { munmap(self.address, self.len) };
    }
}
