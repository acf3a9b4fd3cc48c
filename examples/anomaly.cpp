// The anomaly pipeline of anomaly.py against the C++ library: the same operations, the same numbers.
//     anomaly [INPUT [OUTPUT [VARIABLE]]]                 mpirun -n 5 anomaly ...
#include <rankine/rankine.hpp>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [&](rankine::Client& client) {
    const std::string source = argc > 1 ? argv[1] : "era5_like.nc";
    const std::string target = argc > 2 ? argv[2] : "anomaly.nc";
    const std::string variable = argc > 3 ? argv[3] : "t2m";

    const rankine::Dataset ds = client.open_dataset(source, {.chunks = {{"time", 64}}});
    const auto by_month = ds[variable].groupby("time.month");
    const rankine::DataArray climatology = by_month.mean("time");
    const rankine::DataArray anomaly = by_month - climatology;

    client.to_netcdf(rankine::Dataset({{"climatology", climatology},
                                       {"monthly_anomaly", anomaly.resample("time", "MS").mean()},
                                       {"anomaly_std", anomaly.stddev("time")}}),
                     target);
    // Asking for a value runs everything that is pending: one pass over the input feeds file and number.
    std::printf("largest anomaly: %.3f\n", client.item(abs(anomaly).max()));
  });
}
