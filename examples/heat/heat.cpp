// A plugin: kernels that scripts call as `heat.step(t)`, on every rank and thread. It links nothing of Rankine.
//     c++ -std=c++20 -O2 -shared -fPIC -Iinclude heat.cpp -o libheat.so
//     mpirun -n 5 rankine run --plugin ./libheat.so diffusion.py
// heat.py beside it is the same in Python, so that the script runs under CPython too.
#include <rankine/kernel.hpp>

#include <cmath>
#include <cstring>

namespace {

using rankine::KernelCall;

/// One explicit step of the heat equation over the last two dims: t + alpha * (sum of the four neighbours - 4 t).
/// The input has one element more on each side of them.
template <class T>
void step_of(const KernelCall& call) {
  const auto in = call.input<T>();
  const auto out = call.output<T>();
  const double alpha = call.parameter("alpha");
  const std::size_t ndim = out.shape.size();
  const std::int64_t rows = out.shape[ndim - 2], columns = out.shape[ndim - 1];
  const std::int64_t row = in.shape[ndim - 1];
  const std::int64_t planes = rows * columns == 0 ? 0 : out.size() / (rows * columns);
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* centre = in.data + (plane * in.shape[ndim - 2] + i + 1) * row + 1;
      T* to = out.data + (plane * rows + i) * columns;
      for (std::int64_t j = 0; j < columns; ++j) {
        const double here = centre[j];
        to[j] = static_cast<T>(here + alpha * (static_cast<double>(centre[j - row]) + centre[j + row] + centre[j - 1] +
                                               centre[j + 1] - 4 * here));
      }
    }
  }
}

void step(const KernelCall& call) {
  if (std::strcmp(call.input_dtype(), "float32") == 0) step_of<float>(call);
  else step_of<double>(call);
}

/// Removes the least-squares line along `time`, which the block has all of. in: (time, ...).
void detrend(const KernelCall& call) {
  const auto in = call.input<double>();
  const auto out = call.output<double>();
  const std::int64_t n = in.shape[0];
  const std::int64_t points = n == 0 ? 0 : in.size() / n;
  const double middle = static_cast<double>(n - 1) / 2;
  double spread = 0;
  for (std::int64_t t = 0; t < n; ++t) spread += (static_cast<double>(t) - middle) * (static_cast<double>(t) - middle);
  for (std::int64_t p = 0; p < points; ++p) {
    double sum = 0, tilt = 0;
    for (std::int64_t t = 0; t < n; ++t) {
      sum += in[t * points + p];
      tilt += (static_cast<double>(t) - middle) * in[t * points + p];
    }
    const double mean = sum / static_cast<double>(n);
    const double slope = spread > 0 ? tilt / spread : 0;
    for (std::int64_t t = 0; t < n; ++t)
      out[t * points + p] = in[t * points + p] - mean - slope * (static_cast<double>(t) - middle);
  }
}

/// Root mean square as a tree. A state is (sum of squares, count), the last axis of extent 2.
void rms_chunk(const KernelCall& call) {
  const auto in = call.input<double>();
  const auto state = call.output<double>();
  for (std::int64_t i = 0; i < state.size(); ++i) state[i] = 0;
  const std::size_t ndim = in.shape.size();
  for (std::int64_t i = 0; i < in.size(); ++i) {
    // Where element i goes: its index along every axis that the state keeps.
    std::int64_t rest = i, at = 0, stride = 1;
    for (std::size_t axis = ndim; axis-- > 0;) {
      const std::int64_t index = rest % in.shape[axis];
      rest /= in.shape[axis];
      if (state.shape[axis] == in.shape[axis]) at += index * stride;
      stride *= state.shape[axis];
    }
    state[2 * at] += in[i] * in[i];
    state[2 * at + 1] += 1;
  }
}

void rms_combine(const KernelCall& call) {
  const auto sum = call.output<double>();
  for (std::int64_t i = 0; i < sum.size(); ++i) sum[i] = 0;
  for (int part = 0; part < call.input_count(); ++part) {
    const auto state = call.input<double>(part);
    for (std::int64_t i = 0; i < sum.size(); ++i) sum[i] += state[i];
  }
}

void rms_aggregate(const KernelCall& call) {
  const auto state = call.input<double>();
  const auto out = call.output<double>();
  for (std::int64_t i = 0; i < out.size(); ++i) out[i] = std::sqrt(state[2 * i] / state[2 * i + 1]);
}

}  // namespace

RANKINE_PLUGIN(heat) {
  plugin.map<step>("step", {.depth = {{"lat", 1}, {"lon", 1}}, .boundary = rankine::Boundary::nearest,
                            .parameters = {{"alpha", 0.1}}, .doc = "one explicit step of the heat equation"});
  plugin.map<detrend>("detrend", {.core_dims = {"time"}, .doc = "minus the least-squares line along time"});
  plugin.reduction<rms_chunk, rms_combine, rms_aggregate>("rms", {.states = 2, .doc = "root mean square"});
}
