"""The stacked Muon that the pocket model is trained with."""

import torch

from ftworkbench.demo.making.muon import StackedMuon


def test_its_steps_are_those_of_torch_one_matrix_at_a_time() -> None:
    torch.manual_seed(0)
    shapes = [(8, 16), (16, 8), (8, 16), (8, 8)]
    mine = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
    theirs = [torch.nn.Parameter(each.detach().clone()) for each in mine]
    stacked = StackedMuon(mine, lr=0.02, weight_decay=0.1)
    single = torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(4):
        for one, other in zip(mine, theirs, strict=True):
            one.grad = torch.randn(one.shape)
            other.grad = one.grad.clone()
        stacked.step()
        single.step()
        stacked.zero_grad()
        assert all(each.grad is None for each in mine)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=0)
