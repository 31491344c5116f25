// REQUIRE_OF_KERNEL(has, what): skips a test where this machine's kernel lacks what holds against the fault.
#pragma once

#include <gtest/gtest.h>

#define REQUIRE_OF_KERNEL(has, what)                                      \
    if (!(has)) {                                                         \
        GTEST_SKIP() << "this machine's kernel does not have " << (what); \
    }
