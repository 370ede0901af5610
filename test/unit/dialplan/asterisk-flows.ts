/** A dialplan, and the priorities that a running Asterisk 22.10 went through for each number of its context flow. */
export const FLOW_DIALPLAN = `[general]
[flow]
exten => 1,1,Goto(3)
exten => 1,2,NoOp(never)
exten => 1,3,Goto(lab)
exten => 1,4(lab),Goto(2,x)
exten => 2,1,NoOp
exten => 2,n(x),Goto(flow2,@{EXTEN},1)
exten => 3,1,Gosub(sub,s,1(a,b))
same => n,NoOp(@{ARG1}|@{GOSUB_RETVAL}|@{Y})
same => n,Gosub(sub,s,two(c))
same => n,Gosub(nosuch,s,1)
same => n,NoOp(not reached)
exten => 4,1,Set(i=0)
same => n,While($[@{i} < 2])
same => n,Set(i=$[@{i}+1])
same => n,Set(j=0)
same => n,While($[@{j}<2])
same => n,Set(j=$[@{j}+1])
same => n,EndWhile
same => n,NoOp(j=@{j})
same => n,EndWhile
same => n,NoOp(i=@{i})
exten => 5,1,GotoIf(0?2)
same => n,GotoIf(1?:nothere)
same => n,GotoIf(0?1:)
same => n,GotoIf($["@{EXTEN}" = "5"]?five,1:six,1)
exten => five,1,NoOp(five)
same => n,Goto(+2)
same => n,NoOp(skipped)
same => n,Goto(nolabel)
same => n,NoOp(not reached)
exten => 6,1,Goto(flow,777,1)
exten => 7,1,Goto(noctx,1,1)
exten => 8,1,Return()
same => n,NoOp(after)
exten => 9,1,GosubIf(1?sub,s,1(x):sub,s,2)
same => n,GosubIf(0?sub,s,1(x))
same => n,NoOp(@{GOSUB_RETVAL})
exten => 10,1,ExecIf(1?Goto(2,1))
same => n,NoOp(no)
exten => 11,1,GotoIfTime(*,*,*,*?2,1)
exten => 12,1,GotoIfTime(0:00-0:00,mon,1,jan?2,1)
same => n,NoOp
exten => 13,1,Hangup(17)
same => n,NoOp(never)
exten => 15,1,NoOp
exten => 15,3,NoOp(gap)
exten => _16X,1,NoOp(first @{EXTEN})
exten => _1[67].,2,NoOp(second @{EXTEN})
exten => _16.,3,NoOp(third)
exten => 161,2,NoOp(literal has 2)
exten => 17,1,Set(A=1)
same => n,Gosub(loc,s,1)
same => n,NoOp(@{A}@{B}@{ARG1})
exten => 18,1,Exec(Goto(2,1))
exten => 19,1,TryExec(Goto(2,1))
same => n,NoOp(@{TRYSTATUS})
exten => 20,1,StackPop()
same => n,NoOp
exten => 21,1,Gosub(21,sub)
same => n,NoOp(back)
same => n,Hangup
same => n(sub),NoOp(in)
same => n,Return
exten => 22,1,Set(C=0)
same => n(loop),Set(C=$[@{C}+1])
same => n,GotoIf($[@{C}<3]?loop)
same => n,NoOp(@{C})
exten => 23,1,While(0)
same => n,NoOp(in)
same => n,EndWhile
same => n,EndWhile
same => n,NoOp(end)
exten => 24,1,Gosub(pop,s,1)
same => n,NoOp(never)
exten => 25,1,Goto(incl,99,1)
exten => 26,1,Goto(incl,77,1)
exten => 27,1,Gosub(noret,s,1)
same => n,NoOp(unreached)
exten => 28,1,Incomplete()
exten => 28X,1,NoOp
exten => 29,1,RaiseException(foo)
exten => 30,1,MSet(A=1,B=2)
same => n,If($[@{A}=2])
same => n,NoOp(a2)
same => n,ElseIf($[@{B}=2])
same => n,NoOp(b2)
same => n,Else
same => n,NoOp(else)
same => n,EndIf
same => n,NoOp(end)
exten => i,1,NoOp(invalid @{INVALID_EXTEN})
exten => h,1,NoOp(h)
exten => h,4,NoOp(x)
[flow2]
exten => 2,1,NoOp(flow2)
[sub]
exten => s,1,Set(Y=@{ARG1}@{ARGC})
same => n,Return(r@{ARG2})
exten => s,10(two),NoOp(@{ARG1})
same => n,Return
[loc]
exten => s,1,Set(LOCAL(A)=2)
same => n,Set(A=3)
same => n,Set(B=@{A})
same => n,Return
[pop]
exten => s,1,StackPop
same => n,NoOp(popped)
[incl]
include => incl2
exten => 99,1,NoOp(a)
[incl2]
include => incl
exten => 99,1,NoOp(b)
exten => 99,2,NoOp(b2 @{CONTEXT})
exten => 7X,1,NoOp
exten => _7X,1,NoOp(@{CONTEXT})
exten => h,1,NoOp(hincl)
[noret]
exten => s,1,NoOp
`.replaceAll('@{', '${');

export const FLOWS: readonly (readonly [string, string])[] = [
  ['1', '1@flow:1:Goto(3) 1@flow:3:Goto(lab) 1@flow:4:Goto(2,x) 2@flow:2:Goto(flow2,2,1) 2@flow2:1:NoOp(flow2)'],
  ['2', '2@flow:1:NoOp() 2@flow:2:Goto(flow2,2,1) 2@flow2:1:NoOp(flow2)'],
  [
    '3',
    '3@flow:1:Gosub(sub,s,1(a,b)) s@sub:1:Set(Y=a2) s@sub:2:Return(rb) 3@flow:2:NoOp(|rb|a2) 3@flow:3:Gosub(sub,s,two(c)) s@sub:10:NoOp(c) s@sub:11:Return() 3@flow:4:Gosub(nosuch,s,1) h@flow:1:NoOp(h)',
  ],
  [
    '4',
    '4@flow:1:Set(i=0) 4@flow:2:While(1) 4@flow:3:Set(i=1) 4@flow:4:Set(j=0) 4@flow:5:While(1) 4@flow:6:Set(j=1) 4@flow:7:EndWhile() 4@flow:5:While(1) 4@flow:6:Set(j=2) 4@flow:7:EndWhile() 4@flow:5:While(0) 4@flow:8:NoOp(j=2) 4@flow:9:EndWhile() 4@flow:2:While(1) 4@flow:3:Set(i=2) 4@flow:4:Set(j=0) 4@flow:5:While(1) 4@flow:6:Set(j=1) 4@flow:7:EndWhile() 4@flow:5:While(1) 4@flow:6:Set(j=2) 4@flow:7:EndWhile() 4@flow:5:While(0) 4@flow:8:NoOp(j=2) 4@flow:9:EndWhile() 4@flow:2:While(0) 4@flow:10:NoOp(i=2) h@flow:1:NoOp(h)',
  ],
  [
    '5',
    '5@flow:1:GotoIf(0?2) 5@flow:2:GotoIf(1?:nothere) 5@flow:3:GotoIf(0?1:) 5@flow:4:GotoIf(1?five,1:six,1) five@flow:1:NoOp(five) five@flow:2:Goto(+2) five@flow:4:Goto(nolabel) h@flow:1:NoOp(h)',
  ],
  ['6', '6@flow:1:Goto(flow,777,1) i@flow:1:NoOp(invalid 777) h@flow:1:NoOp(h)'],
  ['7', '7@flow:1:Goto(noctx,1,1)'],
  ['8', '8@flow:1:Return() h@flow:1:NoOp(h)'],
  [
    '9',
    '9@flow:1:GosubIf(1?sub,s,1(x):sub,s,2) s@sub:1:Set(Y=x1) s@sub:2:Return(r) 9@flow:2:GosubIf(0?sub,s,1(x)) 9@flow:3:NoOp(r) h@flow:1:NoOp(h)',
  ],
  ['10', '10@flow:1:ExecIf(1?Goto(2,1)) 2@flow:1:NoOp() 2@flow:2:Goto(flow2,2,1) 2@flow2:1:NoOp(flow2)'],
  ['11', '11@flow:1:GotoIfTime(*,*,*,*?2,1) 2@flow:1:NoOp() 2@flow:2:Goto(flow2,2,1) 2@flow2:1:NoOp(flow2)'],
  ['12', '12@flow:1:GotoIfTime(0:00-0:00,mon,1,jan?2,1) 12@flow:2:NoOp() h@flow:1:NoOp(h)'],
  ['13', '13@flow:1:Hangup(17) h@flow:1:NoOp(h)'],
  ['15', '15@flow:1:NoOp() h@flow:1:NoOp(h)'],
  [
    '17',
    '17@flow:1:Set(A=1) 17@flow:2:Gosub(loc,s,1) s@loc:1:Set(LOCAL(A)=2) s@loc:2:Set(A=3) s@loc:3:Set(B=3) s@loc:4:Return() 17@flow:3:NoOp(13) h@flow:1:NoOp(h)',
  ],
  ['18', '18@flow:1:Exec(Goto(2,1)) 2@flow:1:NoOp() 2@flow:2:Goto(flow2,2,1) 2@flow2:1:NoOp(flow2)'],
  ['19', '19@flow:1:TryExec(Goto(2,1)) 2@flow:1:NoOp() 2@flow:2:Goto(flow2,2,1) 2@flow2:1:NoOp(flow2)'],
  ['20', '20@flow:1:StackPop() 20@flow:2:NoOp() h@flow:1:NoOp(h)'],
  [
    '21',
    '21@flow:1:Gosub(21,sub) 21@flow:4:NoOp(in) 21@flow:5:Return() 21@flow:2:NoOp(back) 21@flow:3:Hangup() h@flow:1:NoOp(h)',
  ],
  [
    '22',
    '22@flow:1:Set(C=0) 22@flow:2:Set(C=1) 22@flow:3:GotoIf(1?loop) 22@flow:2:Set(C=2) 22@flow:3:GotoIf(1?loop) 22@flow:2:Set(C=3) 22@flow:3:GotoIf(0?loop) 22@flow:4:NoOp(3) h@flow:1:NoOp(h)',
  ],
  ['23', '23@flow:1:While(0) 23@flow:4:EndWhile() 23@flow:5:NoOp(end) h@flow:1:NoOp(h)'],
  ['24', '24@flow:1:Gosub(pop,s,1) s@pop:1:StackPop() s@pop:2:NoOp(popped)'],
  ['25', '25@flow:1:Goto(incl,99,1) 99@incl:1:NoOp(a) 99@incl:2:NoOp(b2 incl) h@incl:1:NoOp(hincl)'],
  ['26', '26@flow:1:Goto(incl,77,1) 77@incl:1:NoOp(incl) h@incl:1:NoOp(hincl)'],
  ['27', '27@flow:1:Gosub(noret,s,1) s@noret:1:NoOp()'],
  ['28', '28@flow:1:Incomplete() h@flow:1:NoOp(h)'],
  ['29', '29@flow:1:RaiseException(foo) i@flow:1:NoOp(invalid e) h@flow:1:NoOp(h)'],
  ['160', '160@flow:1:NoOp(first 160) 160@flow:2:NoOp(second 160) 160@flow:3:NoOp(third) h@flow:1:NoOp(h)'],
  ['161', '161@flow:1:NoOp(first 161) 161@flow:2:NoOp(literal has 2) 161@flow:3:NoOp(third) h@flow:1:NoOp(h)'],
];
