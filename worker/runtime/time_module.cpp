// The module time.
#include <cerrno>
#include <cmath>
#include <ctime>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/print.h"
#include "worker/runtime/runtime.h"

namespace kayton {

namespace {

double seconds_of(clockid_t clock) {
    timespec now;
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

extern "C" {

double kt_time_time() {
    return seconds_of(CLOCK_REALTIME);
}
double kt_time_perf_counter() {
    return seconds_of(CLOCK_MONOTONIC);
}

int32_t kt_time_sleep(double seconds) {
    if (std::isnan(seconds)) return raise(Exc::ValueError, "Invalid value NaN (not a number)");
    if (seconds < 0) return raise(Exc::ValueError, "sleep length must be non-negative");
    if (seconds > 9e9) return raise(Exc::OverflowError, "timestamp too large to convert to C _PyTime_t");
    flush_standard_output();  // what was printed is seen before the wait
    timespec end;
    ::clock_gettime(CLOCK_MONOTONIC, &end);
    const auto whole = static_cast<time_t>(seconds);
    end.tv_sec += whole;
    end.tv_nsec += static_cast<long>((seconds - static_cast<double>(whole)) * 1e9);
    if (end.tv_nsec >= 1'000'000'000) {
        end.tv_nsec -= 1'000'000'000;
        ++end.tv_sec;
    }
    // A signal that asks for an interruption ends the sleep, any other does not.
    do {
        if (kt_interrupt_flag != 0 && kt_safepoint() != KT_OK) return KT_ERROR;
    } while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) == EINTR);
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
