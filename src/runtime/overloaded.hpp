#pragma once

namespace rankine::runtime {

/// Several lambdas as one visitor, for std::visit.
template <typename... F>
struct Overloaded : F... { using F::operator()...; };
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace rankine::runtime
