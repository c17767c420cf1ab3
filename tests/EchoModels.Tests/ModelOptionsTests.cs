using EchoModels.Kernel;
using EchoModels.Selectors;
using Xunit;

namespace EchoModels.Tests;

/// <summary>Which of the options that are in force a model uses.</summary>
public sealed class ModelOptionsTests
{
    [Theory]
    [InlineData("epoll", "epoll, poll, select")]
    [InlineData("poll", "poll, select")]
    [InlineData("select", "select")]
    [InlineData("select-fdset", "")]
    [InlineData("threads", "")]
    public void A_model_uses_a_forced_selector_only_if_it_may_fall_back_to_it(string name, string accepted)
    {
        ModelRow model = ModelTable.Find(name)!;
        foreach (SelectorRow selector in SelectorTable.Rows)
        {
            SelectorRow? used = new ModelOptions { Selector = selector }.UsedBy(model).Selector;
            Assert.Equal(accepted.Split(", ").Contains(selector.Name) ? selector : null, used);
        }
    }
}
