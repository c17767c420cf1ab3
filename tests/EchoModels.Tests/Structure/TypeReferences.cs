using System.Reflection;
using System.Reflection.Emit;

namespace EchoModels.Tests.Structure;

/// <summary>The types of one assembly that each of its types refers to: in signatures, fields, local variables and code.</summary>
internal static class TypeReferences
{
    private const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> Codes = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (int)(ushort)code.Value);

    /// <summary>The types of the same assembly that this one refers to; a nested type counts as the one that it is nested in.</summary>
    public static HashSet<Type> Of(Type type)
    {
        HashSet<Type> found = [];
        Add(type.BaseType, type, found);
        foreach (Type implemented in type.GetInterfaces())
            Add(implemented, type, found);
        foreach (FieldInfo field in type.GetFields(All))
            Add(field.FieldType, type, found);
        foreach (MethodBase method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
            AddMethod(method, type, found);

        return found;
    }

    private static void AddMethod(MethodBase method, Type owner, HashSet<Type> found)
    {
        Add((method as MethodInfo)?.ReturnType, owner, found);
        foreach (ParameterInfo parameter in method.GetParameters())
            Add(parameter.ParameterType, owner, found);

        if (method.GetMethodBody() is not { } body)
            return;

        foreach (LocalVariableInfo local in body.LocalVariables)
            Add(local.LocalType, owner, found);
        foreach (int token in Tokens(body.GetILAsByteArray() ?? []))
            AddMember(Resolve(method, token), owner, found);
    }

    private static void AddMember(MemberInfo? member, Type owner, HashSet<Type> found)
    {
        Add(member as Type ?? member?.DeclaringType, owner, found);
        if (member is MethodInfo { IsGenericMethod: true } generic)
        {
            foreach (Type argument in generic.GetGenericArguments())
                Add(argument, owner, found);
        }
    }

    private static void Add(Type? type, Type owner, HashSet<Type> found)
    {
        if (type is null || type.IsGenericParameter)
            return;
        if (type.HasElementType)
        {
            Add(type.GetElementType(), owner, found);
            return;
        }

        foreach (Type argument in type.GetGenericArguments())
            Add(argument, owner, found);

        Type outermost = type;
        while (outermost.DeclaringType is { } declaring)
            outermost = declaring;
        if (outermost.Assembly == owner.Assembly)
            found.Add(outermost.IsGenericType ? outermost.GetGenericTypeDefinition() : outermost);
    }

    private static MemberInfo? Resolve(MethodBase method, int token)
    {
        Type[] ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : [];
        Type[] ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : [];
        return method.Module.ResolveMember(token, ofType, ofMethod);
    }

    /// <summary>The operands of an IL stream that name a type, a method or a field. See ECMA-335, III.</summary>
    private static List<int> Tokens(byte[] code)
    {
        List<int> tokens = [];
        for (int i = 0; i < code.Length;)
        {
            int value = code[i++];
            OpCode operation = value == 0xfe ? Codes[(value << 8) | code[i++]] : Codes[value];
            switch (operation.OperandType)
            {
                case OperandType.InlineNone: break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar: i++; break;
                case OperandType.InlineVar: i += 2; break;
                case OperandType.InlineI8 or OperandType.InlineR: i += 8; break;
                case OperandType.InlineSwitch: i += 4 + (4 * BitConverter.ToInt32(code, i)); break;
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    tokens.Add(BitConverter.ToInt32(code, i));
                    i += 4;
                    break;
                default: i += 4; break;
            }
        }

        return tokens;
    }
}
