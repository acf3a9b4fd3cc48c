#include <rankine/rankine.hpp>

#include <cmath>
#include <cstdio>

double half(double x) { return x / 2; }
RANKINE_TASK(half);

// Values in, arithmetic, a file out and in again, a value back.
int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    const rankine::Values<double> values{{2, 2}, {1.0, 2.0, 3.0, std::nan("")}};
    const rankine::DataArray made(values, {"lat", "lon"}, {{"lat", {10.0, 20.0}}, {"lon", {0.0, 90.0}}}, "t");
    client.to_netcdf(made.to_dataset(), "made.nc");
    client.compute();
    const rankine::DataArray t = client.open_dataset("made.nc")["t"];
    const rankine::DataArray doubled = (t * 2.0).fillna(4.0);
    std::printf("mean %g\n", client.item(doubled.sel({{"lon", rankine::LabelRange{0.0, 90.0}}}).mean()) / 1.6);
    if (client.submit<half>(client.submit<half>(10)).get() != 2.5) std::printf("a task gives something else\n");
    try {
      client.open_dataset("made.nc")["absent"];
      std::printf("an unknown variable was found\n");
    } catch (const rankine::UsageError&) {
    }
  }, {.quiet = true});
}
