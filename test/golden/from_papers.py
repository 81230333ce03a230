"""Lion, LARS and LAMB, which PyTorch has not, written from their papers' algorithms for its interface: stepped.py runs them in float64.

Lion  Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2
LARS  You, Gitman and Ginsburg 2017, "Large Batch Training of Convolutional Networks", algorithm 1
LAMB  You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", algorithm 2, with phi(z) = z

A ratio with a norm of 0 is 1, which the papers leave open. `adapt: False` leaves the ratio out, as both papers' code does for biases and
normalization layers. The rate of a step is the group's: the papers' own schedules are left to schedules.
"""
import torch


class FromPaper(torch.optim.Optimizer):
    defaults_of_paper = {}

    def __init__(self, params, **args):
        super().__init__(params, {**self.defaults_of_paper, **args})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for x in group["params"]:
                if x.grad is not None:
                    x.copy_(self.next(x, x.grad, group, self.state[x]))


class Lion(FromPaper):
    defaults_of_paper = {"lr": 1e-4, "betas": [0.9, 0.99], "weight_decay": 0.0}

    def next(self, theta, g, group, state):
        (beta1, beta2), eta, decay = group["betas"], group["lr"], group["weight_decay"]
        m = state.get("m", torch.zeros_like(theta))
        c = beta1 * m + (1 - beta1) * g
        state["m"] = beta2 * m + (1 - beta2) * g
        return theta - eta * (torch.sign(c) + decay * theta)


class LARS(FromPaper):
    defaults_of_paper = {"momentum": 0.9, "weight_decay": 0.0, "trust_coefficient": 0.001, "adapt": True}

    def next(self, w, g, group, state):
        gamma, m, beta, eta = group["lr"], group["momentum"], group["weight_decay"], group["trust_coefficient"]
        local = 1.0
        if group["adapt"] and w.norm() > 0 and g.norm() > 0:
            local = eta * w.norm() / (g.norm() + beta * w.norm())
        state["v"] = m * state.get("v", torch.zeros_like(w)) + gamma * local * (g + beta * w)
        return w - state["v"]


class LAMB(FromPaper):
    defaults_of_paper = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-6, "weight_decay": 0.01, "adapt": True}

    def next(self, x, g, group, state):
        (beta1, beta2), eta, decay = group["betas"], group["lr"], group["weight_decay"]
        t = state["t"] = state.get("t", 0) + 1
        state["m"] = beta1 * state.get("m", torch.zeros_like(x)) + (1 - beta1) * g
        state["v"] = beta2 * state.get("v", torch.zeros_like(x)) + (1 - beta2) * g**2
        r = (state["m"] / (1 - beta1**t)) / ((state["v"] / (1 - beta2**t)).sqrt() + group["eps"])
        u = r + decay * x
        ratio = x.norm() / u.norm() if group["adapt"] and x.norm() > 0 and u.norm() > 0 else 1.0
        return x - eta * ratio * u
