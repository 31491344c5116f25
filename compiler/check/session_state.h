// SessionState: what a session's cells have defined at one moment, as the checker knows it: the names, which classes have
// a layout and which modules have run. Taken before each cell; the session can return to any of them, in any order.
// Shared and never changed; it points to what the Checker owns and must not outlive it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/check/entities.h"

namespace kayton::check {

struct SessionState {
    struct Class {
        types::ClassInfo* info = nullptr;
        bool committed = false;
        bool pending = false;
        std::vector<types::ClassInfo*> subclasses;
        std::vector<types::ClassInfo*> mixed_into;
    };
    std::map<std::string, GlobalName, std::less<>> globals;
    std::map<std::string, const syntax::Stmt*, std::less<>> undecided;
    std::vector<Class> classes;
    std::vector<types::ClassInfo*> mixed_exceptions;
    std::set<const Unit*> units;  // that have run
};

}  // namespace kayton::check
