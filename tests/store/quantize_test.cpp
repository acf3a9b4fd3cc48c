#include <catch2/catch.hpp>

#include <cmath>

#include "array/stored_values.hpp"
#include "base/prng.hpp"
#include "store/netcdf_oracle.hpp"

using namespace rankine;
using array::Quantize;

namespace {

constexpr std::int64_t rows = 37, columns = 29;

/// Values of all magnitudes and both signs, zeros, fill values and what is no number.
template <typename T>
NdArray samples(T fill) {
  Prng random(3);
  NdArray values(DTypeOf<T>::value, {rows, columns});
  for (std::int64_t i = 0; i < values.size(); ++i)
    values.data<T>()[i] = static_cast<T>((random.uniform() - 0.5) * std::pow(10.0, 60 * random.uniform() - 30));
  const T special[] = {T(0), T(-0.0), fill, T(1), T(-1), T(1234.5678), T(0.1), T(273.15), T(1e-3), T(9.9999999)};
  for (std::size_t i = 0; i < std::size(special); ++i) values.data<T>()[7 * i] = special[i];
  return values;
}

template <typename T>
NdArray by_libnetcdf(const std::string& path, const NdArray& values, Quantize mode, int digits, const T* fill) {
  const int modes[] = {NC_QUANTIZE_BITROUND, NC_QUANTIZE_BITGROOM, NC_QUANTIZE_GRANULARBR};
  const nc_type type = sizeof(T) == 4 ? NC_FLOAT : NC_DOUBLE;
  int file = 0, variable = 0, dims[2] = {};
  store_test::nc(nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file));
  store_test::nc(nc_def_dim(file, "y", rows, &dims[0]));
  store_test::nc(nc_def_dim(file, "x", columns, &dims[1]));
  store_test::nc(nc_def_var(file, "v", type, 2, dims, &variable));
  if (fill != nullptr) store_test::nc(nc_def_var_fill(file, variable, NC_FILL, fill));
  store_test::nc(nc_def_var_quantize(file, variable, modes[static_cast<int>(mode)], digits));
  store_test::nc(nc_put_var(file, variable, values.raw()));
  NdArray stored(values.dtype(), values.shape());
  store_test::nc(nc_close(file));
  store_test::nc(nc_open(path.c_str(), NC_NOWRITE, &file));
  store_test::nc(nc_get_var(file, variable, stored.raw()));
  store_test::nc(nc_close(file));
  return stored;
}

/// The values in blocks of 5 x 8, as tasks have them.
NdArray by_us(const NdArray& values, const array::OutputVariable& variable) {
  NdArray stored(values.dtype(), values.shape());
  for (std::int64_t y = 0; y < rows; y += 5)
    for (std::int64_t x = 0; x < columns; x += 8) {
      const Box box{{y, x}, {std::min(y + 5, rows), std::min(x + 8, columns)}};
      const NdArray block = array::stored_values(materialise(StridedView::of(values).inside(box)), variable, box);
      copy_into(StridedView::of(block), stored, box.begin);
    }
  return stored;
}

template <typename T>
void compare(bool with_fill) {
  const store_test::ScratchDirectory scratch;
  const T fill = T(-999);
  const NdArray values = samples<T>(fill);
  for (const Quantize mode : {Quantize::bit_round, Quantize::bit_groom, Quantize::granular_bit_round})
    for (const int digits : {1, 2, 3, 5, 7, 11, 15}) {
      if (sizeof(T) == 4 && digits > 7) continue;
      // There seven decimal digits are more than floats have: libnetcdf shifts by a negative count, and we change nothing.
      if (sizeof(T) == 4 && digits == 7 && mode != Quantize::bit_round) continue;
      CAPTURE(static_cast<int>(mode), digits, sizeof(T), with_fill);
      array::OutputVariable variable;
      variable.dtype = values.dtype();
      variable.shape = values.shape();
      variable.keep_digits = digits;
      variable.quantize = mode;
      if (with_fill) variable.fill = NdArray::scalar(fill);
      const NdArray wanted = by_libnetcdf<T>(scratch.file("q.nc"), values, mode, digits, with_fill ? &fill : nullptr);
      const NdArray got = by_us(values, variable);
      std::int64_t first_difference = -1;
      for (std::int64_t i = 0; i < values.size() && first_difference < 0; ++i)
        if (std::memcmp(got.data<T>() + i, wanted.data<T>() + i, sizeof(T)) != 0) first_difference = i;
      if (first_difference >= 0)
        FAIL_CHECK("element " << first_difference << ": " << values.data<T>()[first_difference] << " became "
                              << got.data<T>()[first_difference] << ", not " << wanted.data<T>()[first_difference]);
    }
}

}  // namespace

TEST_CASE("floats are rounded to digits and bits as libnetcdf rounds them, bit for bit, in blocks of any place") {
  compare<float>(true);
  compare<float>(false);
  compare<double>(true);
  compare<double>(false);
}
