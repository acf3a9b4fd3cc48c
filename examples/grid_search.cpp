// Grid search with cross-validation: polynomials of several degrees, each fitted on all folds but one and tried on that
// one. The data are scattered once; every fit takes them where they are.
#include <cmath>
#include <cstdio>
#include <map>

#include <rankine/rankine.hpp>

using Points = std::vector<std::pair<double, double>>;

constexpr int folds = 5;

/// Least squares by the normal equations and elimination.
std::vector<double> fit(const Points& points, int degree, int left_out) {
  const int n = degree + 1;
  std::vector<std::vector<double>> a(n, std::vector<double>(n + 1, 0.0));
  for (std::size_t k = 0; k < points.size(); ++k) {
    if (static_cast<int>(k % folds) == left_out) continue;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) a[i][j] += std::pow(points[k].first, i + j);
      a[i][n] += points[k].second * std::pow(points[k].first, i);
    }
  }
  for (int i = 0; i < n; ++i)
    for (int row = 0; row < n; ++row) {
      if (row == i) continue;
      const double factor = a[row][i] / a[i][i];
      for (int j = i; j <= n; ++j) a[row][j] -= factor * a[i][j];
    }
  std::vector<double> coefficients;
  for (int i = 0; i < n; ++i) coefficients.push_back(a[i][n] / a[i][i]);
  return coefficients;
}

/// Mean squared error on the fold that the fit has not seen.
double score(const Points& points, int degree, int fold) {
  const auto coefficients = fit(points, degree, fold);
  double sum = 0;
  int count = 0;
  for (std::size_t k = fold; k < points.size(); k += folds, ++count) {
    double value = 0;
    for (int i = degree; i >= 0; --i) value = value * points[k].first + coefficients[i];
    sum += (value - points[k].second) * (value - points[k].second);
  }
  return sum / count;
}
RANKINE_TASK(score);

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    Points points;
    for (int k = 0; k < 200; ++k) {
      const double x = -1 + 0.01 * k;
      const double noise = 0.1 * std::sin(3.7 * k * k);
      points.emplace_back(x, 1 - 2 * x + 3 * x * x * x + noise);
    }
    const auto data = client.scatter(points);
    std::map<int, std::vector<rankine::Future<double>>> scores;
    for (int degree = 1; degree <= 8; ++degree)
      for (int fold = 0; fold < folds; ++fold) scores[degree].push_back(client.submit<score>(data, degree, fold));
    int best = 0;
    double least = INFINITY;
    for (const auto& [degree, futures] : scores) {
      double mean = 0;
      for (const double error : client.gather(futures)) mean += error / folds;
      std::printf("degree %d: error %.5f\n", degree, mean);
      if (mean < least) best = degree, least = mean;
    }
    std::printf("best degree: %d\n", best);
  });
}
