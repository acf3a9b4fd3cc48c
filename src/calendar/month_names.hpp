#pragma once
#include <array>
#include <string_view>

namespace rankine::calendar {

inline constexpr std::array<std::string_view, 12> month_names = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                                 "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

}  // namespace rankine::calendar
