Frugal.addClaims('{"board":"some-task-offline-0badcafe","claims":{"0":[2,1,1],"1":[2,1,3]}}');
