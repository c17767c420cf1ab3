using EchoModels.Kernel;

namespace EchoModels.IoUring;

/// <summary>What a ring's answers add up to, told to the counters once a turn: others read that, so each addition costs something.</summary>
internal sealed class RingCounters(CallCounters counters)
{
    private int _messages;
    private long _bytesIn;
    private long _bytesOut;

    public void Note(in Completion answer)
    {
        if (answer.Result <= 0)
            return;

        if (answer.Kind == RequestKind.Receive)
        {
            _messages++;
            _bytesIn += answer.Result;
        }
        else if (answer.Kind is RequestKind.Send or RequestKind.SendUnsent)
        {
            _bytesOut += answer.Result;
        }
    }

    public void Report()
    {
        if (_messages > 0)
            counters.Add(Counter.Message, _messages);
        if (_bytesIn > 0)
            counters.Add(Counter.ByteIn, _bytesIn);
        if (_bytesOut > 0)
            counters.Add(Counter.ByteOut, _bytesOut);

        (_messages, _bytesIn, _bytesOut) = (0, 0, 0);
    }
}
