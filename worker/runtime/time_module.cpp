// The module time.
#include <cerrno>
#include <cmath>
#include <ctime>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/print.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/str.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

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
        if (kt_interrupt_flag != 0 && check_interrupt() != KT_OK) return KT_ERROR;
    } while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) == EINTR);
    return KT_OK;
}

// 0 the time of day, 1 a clock that never goes back, 2 this process's CPU time, 3 this thread's; in nanoseconds.
int64_t kt_time_nanoseconds(int64_t which) {
    constexpr clockid_t kClocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    timespec now;
    ::clock_gettime(kClocks[which & 3], &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Year, month 1..12, day, hour, minute, second, weekday (Monday is 0), day of the year from 1, summer time, seconds east
// of UTC.
int32_t kt_time_local(int64_t seconds, KtList** out) {
    const time_t moment = seconds;
    struct tm parts;
    if (::localtime_r(&moment, &parts) == nullptr) return raise(Exc::OverflowError, "timestamp out of range for platform time_t");
    KtList* list = kt_list_new(type_list_int(), 10);
    for (const int64_t number : {int64_t{parts.tm_year} + 1900, int64_t{parts.tm_mon} + 1, int64_t{parts.tm_mday}, int64_t{parts.tm_hour},
                                 int64_t{parts.tm_min}, int64_t{parts.tm_sec}, int64_t{(parts.tm_wday + 6) % 7}, int64_t{parts.tm_yday} + 1,
                                 int64_t{parts.tm_isdst}, int64_t{parts.tm_gmtoff}})
        kt_list_append(list, &number);
    *out = list;
    return KT_OK;
}

KtStr* kt_time_zone_name(int64_t seconds) {
    const time_t moment = seconds;
    struct tm parts;
    return str_new(::localtime_r(&moment, &parts) != nullptr ? parts.tm_zone : "UTC");
}

// From year, month, day, hour, minute, second, summer time (-1: unknown).
int32_t kt_time_make(KtList* numbers, int64_t* out) {
    const auto* at = static_cast<const int64_t*>(numbers->data);
    struct tm parts = {};
    parts.tm_year = static_cast<int>(at[0] - 1900);
    parts.tm_mon = static_cast<int>(at[1] - 1);
    parts.tm_mday = static_cast<int>(at[2]);
    parts.tm_hour = static_cast<int>(at[3]);
    parts.tm_min = static_cast<int>(at[4]);
    parts.tm_sec = static_cast<int>(at[5]);
    parts.tm_isdst = static_cast<int>(at[6]);
    parts.tm_wday = -1;
    const time_t moment = ::mktime(&parts);
    if (moment == -1 && parts.tm_wday == -1) return raise(Exc::OverflowError, "mktime argument out of range");
    *out = moment;
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
