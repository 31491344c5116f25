// Types that stand for what Kayton values are lent or given as, and what is known of the standard library's names, for
// the choice of instances. Plain functions; any thread.
#pragma once

#include <set>
#include <string>

#include "kik/bindgen/types.h"

namespace kayton::bindgen {

inline TyRef str_ref() {
    return make_ref(make_prim("str"), "'given");
}
inline TyRef string_type() {
    return make_path({"alloc", "string", "String"});
}
inline TyRef bytes_ref() {
    return make_ref(make_slice(make_prim("u8")), "'given");
}
inline TyRef vec_of(const TyRef& element) {
    return make_path({"alloc", "vec", "Vec"}, {element});
}
inline bool is_marker(const Path& trait) {
    static const std::set<std::string> markers = {"Sized",         "Send",   "Sync",      "Unpin",
                                                  "Copy",          "Clone",  "Debug",     "UnwindSafe",
                                                  "RefUnwindSafe", "Freeze", "MetaSized", "PointeeSized"};
    return is_std(trait) && markers.contains(trait.back());
}
inline bool is_serde(const Path& trait) {
    return !trait.empty() && (trait[0] == "serde" || trait[0] == "serde_core");
}
// Types of the standard library that programs have values of.
inline bool is_everyday(const Ty& type) {
    static const std::set<std::string> known = {"String",   "PathBuf",  "OsString",   "Duration",       "Vec",   "Option",
                                                "IpAddr",   "Ipv4Addr", "Ipv6Addr",   "SocketAddr",     "Cow",   "Range",
                                                "Box",      "Cursor",   "SystemTime", "HashMap",        "HashSet"};
    return known.contains(type.path.back());
}

}  // namespace kayton::bindgen
