// The weights of classes in a cross entropy.

const WEIGHTED: bool = true;

struct Params { classes: u32, smoothing: f32 }
@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// What class c counts.
fn class_weight(c: u32) -> f32 {
  if (WEIGHTED) { return weight[c]; }
  return 1.0;
}

// The sum of q over the classes.
fn sum_of_q(target_class: i32, weights: f32) -> f32 {
  let own = class_weight(min(u32(target_class), p.classes - 1u));
  return select(1.0, (1.0 - p.smoothing) * own + p.smoothing * (weights / f32(p.classes)), WEIGHTED);
}

// The loss of a row from the logarithm of its sum, the weight and the distance below top of its target, and the sums over classes.
fn loss_of(log_sum: f32, own: f32, on_target: f32, weights: f32, below_top: f32) -> f32 {
  let on_average = below_top / f32(p.classes);
  let share = (1.0 - p.smoothing) * own;
  let all = select(1.0, share + p.smoothing * (weights / f32(p.classes)), WEIGHTED);
  // A weight of 0 selects: times an infinity it would be NaN.
  return all * log_sum + select(0.0, share * on_target, share != 0.0) + select(0.0, p.smoothing * on_average, p.smoothing > 0.0);
}
