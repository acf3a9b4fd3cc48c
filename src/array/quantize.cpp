#include "array/quantize.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

#include "base/check.hpp"

namespace rankine::array {
namespace {

// As libnetcdf divides: the last bit decides on which side of a power of ten a value lies.
constexpr double bits_per_digit = std::numbers::ln10 / std::numbers::ln2;
constexpr double digits_per_bit = std::numbers::ln2 / std::numbers::ln10;
constexpr double default_fill = 9.9692099683868690e+36;    // NC_FILL_FLOAT and NC_FILL_DOUBLE

template <typename Float, typename Bits>
class Quantizer {
 public:
  Quantizer(NdArray& values, const std::optional<NdArray>& fill)
      : data_(values.data<Float>()), count_(values.size()),
        fill_(fill && fill->dtype() == values.dtype() ? fill->data<Float>()[0] : static_cast<Float>(default_fill)) {}

  /// Half of the last kept bit is added, what lies below is cut off.
  void bit_round(int bits) {
    if (bits >= mantissa_bits) return;
    for (std::int64_t i = 0; i < count_; ++i)
      if (std::isfinite(data_[i]) && data_[i] != fill_) data_[i] = rounded(data_[i], mantissa_bits - bits);
  }

  /// Bits below those that so many decimal digits need are cleared and set by turns, so that means do not drift.
  void bit_groom(int digits, const Shape& shape, const Box& box) {
    const int dropped = mantissa_bits - explicit_bits(digits);
    if (dropped <= 0) return;
    const Bits below = (Bits(1) << dropped) - 1;
    const std::int64_t columns = shape.empty() ? 1 : box.extent(box.ndim() - 1);
    std::int64_t row = 0;
    Box rows = box;
    if (!shape.empty()) rows.end.back() = rows.begin.back() + 1;
    for_each_index(rows, [&](const Index& at) {
      std::uint64_t number = 0;
      for (std::size_t axis = 0; axis < at.size(); ++axis)
        number = number * static_cast<std::uint64_t>(shape[axis]) + static_cast<std::uint64_t>(at[axis]);
      for (std::int64_t i = 0; i < columns; ++i, ++number) {
        Float& value = data_[row + i];
        const Bits bits = std::bit_cast<Bits>(value);
        if (value == fill_ || !std::isfinite(value)) continue;
        if (number % 2 == 0) value = std::bit_cast<Float>(static_cast<Bits>(bits & ~below));
        else if (bits != 0) value = std::bit_cast<Float>(static_cast<Bits>(bits | below));  // zero is never made larger
      }
      row += columns;
    });
  }

  /// As many bits as each value needs for its digits, then as bit_round(). Formulas as libnetcdf has them.
  void granular_bit_round(int digits) {
    for (std::int64_t i = 0; i < count_; ++i) {
      Float& value = data_[i];
      if (value == fill_ || !std::isfinite(value) || value == 0) continue;
      int exponent = 0;
      const double mantissa = std::fabs(std::frexp(static_cast<double>(value), &exponent));
      const double log10_mantissa = std::log10(mantissa);
      const int before_point = static_cast<int>(std::floor(exponent * digits_per_bit + log10_mantissa)) + 1;
      const int power = static_cast<int>(std::floor(bits_per_digit * (before_point - digits)));
      const int bits = std::abs(static_cast<int>(std::floor(exponent - bits_per_digit * log10_mantissa)) - power) - 1;
      const int dropped = mantissa_bits - bits;
      if (dropped > 0 && dropped <= mantissa_bits) value = rounded(value, dropped);
    }
  }

 private:
  static constexpr int mantissa_bits = std::numeric_limits<Float>::digits - 1;

  // One bit more than the digits' own, as libnetcdf has it.
  static int explicit_bits(int digits) { return static_cast<int>(std::ceil(digits * bits_per_digit)) + 1; }
  static Float rounded(Float value, int dropped) {
    const Bits below = (Bits(1) << dropped) - 1;
    const Bits half = (below >> 1) + 1;
    return std::bit_cast<Float>(static_cast<Bits>((std::bit_cast<Bits>(value) + half) & ~below));
  }

  Float* data_;
  std::int64_t count_;
  Float fill_;
};

}  // namespace

void quantize(NdArray& values, Quantize mode, int digits, const std::optional<NdArray>& fill, const Shape& shape, const Box& box) {
  RANKINE_CHECK(box.element_count() == values.size(), "values to be rounded have another box");
  const auto run = [&](auto quantizer) {
    switch (mode) {
      case Quantize::bit_round: return quantizer.bit_round(digits);
      case Quantize::bit_groom: return quantizer.bit_groom(digits, shape, box);
      case Quantize::granular_bit_round: return quantizer.granular_bit_round(digits);
    }
  };
  if (values.dtype() == DType::float32) run(Quantizer<float, std::uint32_t>(values, fill));
  if (values.dtype() == DType::float64) run(Quantizer<double, std::uint64_t>(values, fill));
}

}  // namespace rankine::array
