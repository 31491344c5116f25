"""without.py CALL[,CALL…] COMMAND…: runs COMMAND as on a kernel that lacks these system calls: each gives ENOSYS.
prctl is taken away only where it asks for a system call filter, seccomp_listener only where seccomp would have somebody asked. Ends with 77 where the filter cannot be had."""
import ctypes
import os
import struct
import sys

NUMBERS = {"landlock": (444, 445, 446), "seccomp": (317,), "prctl_seccomp": (157,), "process_vm_readv": (310,),
           "seccomp_listener": (317,),
           "unshare": (272,)}
ENOSYS, EINVAL = 38, 22
LOAD, EQUAL, GREATER, ANY_OF, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
NEW_LISTENER = 8
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_GET_SECCOMP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 21, 22, 38


def instruction(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


program = []
for name in sys.argv[1].split(","):
    for number in NUMBERS[name]:
        if name == "prctl_seccomp":
            program += [instruction(LOAD, 0), instruction(EQUAL, number, 0, 4), instruction(LOAD, 16),
                        instruction(EQUAL, PR_GET_SECCOMP, 1, 0), instruction(EQUAL, PR_SET_SECCOMP, 0, 1),
                        instruction(RETURN, ERRNO | EINVAL)]
        elif name == "seccomp_listener":
            program += [instruction(LOAD, 0), instruction(EQUAL, number, 0, 3), instruction(LOAD, 24),
                        instruction(ANY_OF, NEW_LISTENER, 0, 1), instruction(RETURN, ERRNO | EINVAL)]
        else:
            program += [instruction(LOAD, 0), instruction(EQUAL, number, 0, 1), instruction(RETURN, ERRNO | ENOSYS)]
program.append(instruction(RETURN, ALLOW))
code = ctypes.create_string_buffer(b"".join(program))
header = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(header)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(PR_SET_SECCOMP, 2, buffer, 0, 0) != 0:
    print("skipped: this kernel has no system call filters to take others away with", file=sys.stderr)
    sys.exit(77)
os.execvp(sys.argv[2], sys.argv[2:])
